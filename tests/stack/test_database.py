"""The database: what its health means, and what the site does while it is away."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape

import pytest

from tests.stack.compose import Answer, CommandError, Stack, Visitor, curl

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

CODE = "000007"
BROWSER = "Accept: text/html"


class Load:
    """Requests one after another, in the background, each answer kept."""

    def __init__(self, url: str) -> None:
        """Remember what to ask for."""
        self._url = url
        self._over = threading.Event()
        self.answers: list[Answer] = []

    def run(self) -> None:
        """Ask until told to stop."""
        while not self._over.wait(0.05):
            self.answers.append(curl(self._url))

    def stop(self) -> None:
        """End after the request under way."""
        self._over.set()

    def until(self, enough: Callable[[list[Answer]], bool], seconds: float = 60) -> None:
        """Wait until the answers from now on are enough."""
        start, deadline = len(self.answers), time.monotonic() + seconds
        while not enough(self.answers[start:]):
            assert time.monotonic() < deadline, Counter(answer.status for answer in self.answers[start:])
            time.sleep(0.05)


@contextmanager
def load(url: str) -> Iterator[Load]:
    """Keep asking for `url` while the block runs."""
    it = Load(url)
    thread = threading.Thread(target=it.run)
    thread.start()
    try:
        yield it
    finally:
        it.stop()
        thread.join()


def until_not(status: int, ask: Callable[[], Answer], seconds: float = 60) -> Answer:
    """Ask until the answer has another status than this one."""
    deadline = time.monotonic() + seconds
    while (answer := ask()).status == status:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return answer


def ready(stack: Stack) -> bool:
    """Run the database's health check."""
    try:
        stack.compose("exec", "--no-TTY", "db", "bash", "/usr/local/bin/ready")
    except CommandError:
        return False
    return True


@pytest.mark.parametrize(
    ("harm", "repair"),
    [
        ("UPDATE readiness.sentinel SET word = '???'", "UPDATE readiness.sentinel SET word = '数据库已就绪'"),
        ("REVOKE SELECT ON readiness.* FROM minnow", "GRANT SELECT ON readiness.* TO minnow"),
        ("ALTER USER minnow ACCOUNT LOCK", "ALTER USER minnow ACCOUNT UNLOCK"),
    ],
)
def test_healthy_means_that_the_app_could_read_a_chinese_row(stack: Stack, harm: str, repair: str) -> None:
    """A server that answers pings is unhealthy if the row is not as it was seeded or cannot be read."""
    assert ready(stack)
    stack.sql(harm)
    try:
        stack.shell("db", "mysqladmin --no-defaults --protocol=tcp --host=127.0.0.1 --silent ping")
        assert not ready(stack)
    finally:
        stack.sql(repair)
    assert ready(stack)


def test_an_outage_of_the_database_passes(stack: Stack, visitor: Visitor) -> None:
    """Killed and started under load: 503 with Retry-After, then 200 again, the same app, and the notes are there."""
    visitor.post(f"/add/{CODE}.html")
    visitor.post(f"/update/{CODE}.html", "--data-urlencode", "note=写于停电之前")
    before = stack.containers("app")
    with load(visitor.url + "/index.html") as asked:
        asked.until(lambda answers: len(answers) > 5)
        assert {answer.status for answer in asked.answers} == {200}
        stack.compose("kill", "db")
        asked.until(lambda answers: [answer.status for answer in answers[-5:]] == [503] * 5)
        assert curl(visitor.url + "/healthz").status == 200
        assert curl(visitor.url + "/readyz").status == 503
        stack.compose("start", "db")
        asked.until(lambda answers: [answer.status for answer in answers[-20:]] == [200] * 20)
    assert {answer.status for answer in asked.answers} == {200, 503}
    assert all("retry-after" in answer.headers for answer in asked.answers if answer.status == 503)
    after = stack.containers("app")
    assert [each["State"]["StartedAt"] for each in after] == [each["State"]["StartedAt"] for each in before]
    assert "写于停电之前" in visitor.get("/center.html").body


def test_the_database_restarts_while_a_note_is_being_written(stack: Stack, visitor: Visitor) -> None:
    """Whoever has the form open when MySQL goes loses nothing: it comes back as typed, and is saved by one write."""
    note = "<写到一半> & 50%? \\1"
    form = ("--header", BROWSER, "--data-urlencode", f"note={note}")
    path = f"/update/{CODE}.html"
    assert visitor.post(f"/add/{CODE}.html").status in {201, 409}
    assert visitor.get(path, "--header", BROWSER).status == 200
    before = stack.containers("app")
    stack.compose("kill", "db")
    answer = visitor.post(path, *form)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert f">\n{note}</textarea>" in unescape(answer.body)
    assert f'action="{path}"' in answer.body
    stack.compose("start", "db")
    answer = until_not(503, lambda: visitor.post(path, *form))
    assert (answer.status, answer.headers["location"]) == (303, f"/center.html#s{CODE}")
    assert note in unescape(visitor.get("/center.html").body)
    # Counted by MySQL since it started again.
    assert stack.sql("SHOW GLOBAL STATUS LIKE 'Com_update'").split() == ["Com_update", "1"]
    assert [each["State"]["StartedAt"] for each in stack.containers("app")] == [
        each["State"]["StartedAt"] for each in before
    ]


def test_all_workers_of_a_scaled_stack_find_a_connection(stack: Stack) -> None:
    """Four replicas with all their workers' pools full stay below max_connections, the health check included."""
    _, most = stack.sql("SHOW VARIABLES LIKE 'max_connections'").split()
    workers, pool = map(int, stack.shell("app", 'echo "$MINNOW_WORKERS $DATABASE_POOL"').split())
    assert 4 * workers * pool + 10 <= int(most)


def test_text_is_unicode_throughout(stack: Stack) -> None:
    """The server's default and every table of the site are utf8mb4."""
    assert stack.sql("SELECT @@character_set_server").strip() == "utf8mb4"
    found = stack.sql(
        "SELECT DISTINCT character_set_name FROM information_schema.columns "
        "WHERE table_schema IN ('minnow', 'readiness') AND character_set_name IS NOT NULL"
    )
    assert set(found.split()) <= {"utf8mb4", "ascii"}


def test_migrating_again_changes_nothing(stack: Stack) -> None:
    """The one-shot runs at every `up`; on a database that is up to date it ends well and adds nothing."""
    before = stack.sql("SELECT COUNT(*) FROM minnow.stocks")
    assert "0 added" in stack.compose("run", "--rm", "--no-deps", "migrate")
    assert stack.sql("SELECT COUNT(*) FROM minnow.stocks") == before
