"""More than one app, containers that come and go, and the end of all."""

import uuid
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.stack.compose import LASTING, Stack, curl, run
from tests.stack.test_database import load

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

REPLICAS = 3


@pytest.fixture
def scaled(stack: Stack) -> Iterator[Stack]:
    """Give the stack with three apps; afterwards it has one again."""
    stack.up("--no-recreate", "--scale", f"app={REPLICAS}")
    try:
        yield stack
    finally:
        stack.up("--no-recreate", "--scale", "app=1")


def replicas_that_saw(stack: Stack, mark: str) -> Counter[str]:
    """Count the requests with `mark` in the access log of each replica."""
    logs = {each["Id"]: run("docker", "logs", each["Id"]).splitlines() for each in stack.containers("app")}
    return Counter({name: sum(mark in line for line in lines) for name, lines in logs.items()})


def test_load_is_spread_over_all_replicas(scaled: Stack) -> None:
    """The front finds new replicas without a reload, and none of them is left idle or overrun."""
    url, mark = f"{scaled.url}/center.html", uuid.uuid4().hex
    with load(f"{url}?warm") as asked:
        asked.until(lambda _: min(replicas_that_saw(scaled, "?warm").values()) > 0)
    for _ in range(60):
        assert curl(f"{url}?{mark}").status == 200
    seen = replicas_that_saw(scaled, mark)
    assert sum(seen.values()) == 60
    assert len(seen) == REPLICAS
    assert min(seen.values()) >= 10


def test_a_restarted_replica_costs_no_request(scaled: Stack) -> None:
    """While one of three is stopped and started again, every request is answered by the others."""
    with load(scaled.url + "/center.html") as asked:
        asked.until(lambda answers: len(answers) > 10)
        run("docker", "restart", scaled.containers("app")[0]["Id"])
        asked.until(lambda answers: len(answers) > 20)
    assert Counter(answer.status for answer in asked.answers) == {200: len(asked.answers)}


def test_an_app_with_a_new_address_is_found(stack: Stack) -> None:
    """The only app is replaced: nginx finds it again without having been touched, and says 503 in between, not 502."""
    (before,) = stack.containers("nginx")
    with load(stack.url + "/center.html") as asked:
        stack.compose("up", "--detach", "--wait", "--force-recreate", "--no-deps", "app")
        asked.until(lambda answers: [answer.status for answer in answers[-5:]] == [200] * 5)
    (after,) = stack.containers("nginx")
    assert {answer.status for answer in asked.answers} <= {200, 503}
    assert before["State"]["StartedAt"] == after["State"]["StartedAt"]


@pytest.mark.parametrize("way", ["kill", "stop"])
def test_without_an_app_the_front_says_503(stack: Stack, way: str) -> None:
    """Whether its address is silent, refuses or is unknown: it is 503 with Retry-After from the first request on."""
    url = stack.url + "/center.html"
    try:
        stack.compose(way, "app")
        answers = [curl(url) for _ in range(20)]
    finally:
        stack.up("--no-recreate")
    assert {(answer.status, "retry-after" in answer.headers) for answer in answers} == {(503, True)}
    with load(url) as asked:
        asked.until(lambda now: [answer.status for answer in now[-5:]] == [200] * 5)


def test_stop_ends_every_container_well(stack: Stack) -> None:
    """`docker compose stop`: exit code 0 everywhere, so nothing was killed; then all come back with the data."""
    rows = stack.sql("SELECT COUNT(*) FROM minnow.stocks")
    try:
        stack.compose("stop")
        ended = {each["Name"]: (each["State"]["Status"], each["State"]["ExitCode"]) for each in stack.containers()}
        assert len(ended) == len(LASTING) + 2
        assert set(ended.values()) == {("exited", 0)}
    finally:
        stack.up()
    assert stack.sql("SELECT COUNT(*) FROM minnow.stocks") == rows
    assert curl(stack.url + "/center.html").status == 200
