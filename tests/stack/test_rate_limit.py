"""The rate limiter's buckets in MySQL, shared by processes."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stack.compose import Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

TABLE = "rate_limit_test"
# What each process runs: a store on the site's own database, and in `waits` what its requests were told.
STORE = f"""
import json, sys, time
import sqlalchemy
from app.config import DatabaseConfig
from framework.middleware.rate_limit_sql import SQLStore

engine = sqlalchemy.create_engine(DatabaseConfig.from_environment().url)
store = SQLStore(engine.raw_connection, "%s", {TABLE!r})
"""
RACE = """
begin = float(sys.argv[1])
time.sleep(max(0, begin - time.time()))
waits = [store.take(f"client {n // 40}", begin, 1.0, 9.0) for n in range(200)]
print(json.dumps(waits))
"""


def python(stack: Stack, program: str, *arguments: str) -> str:
    """Run a program in the app's container, where the framework, the driver and the password are."""
    return stack.compose("exec", "--no-TTY", "app", "python", "-c", STORE + program, *arguments)


@pytest.fixture
def table(stack: Stack) -> Iterator[str]:
    """Have the store make its table, twice, which is no error; drop it afterwards."""
    python(stack, "store.create_table(); store.create_table()")
    yield f"minnow.{TABLE}"
    stack.sql(f"DROP TABLE minnow.{TABLE}")


def test_two_processes_race_for_the_same_tokens(stack: Stack, table: str) -> None:
    """Two processes ask 40 times each for each of 5 new clients at once: exactly a burst of 10 passes for each."""
    begin = str(float(stack.shell("app", "date +%s")) + 3)
    with ThreadPoolExecutor(2) as pool:
        raced = [json.loads(waits) for waits in pool.map(lambda _: python(stack, RACE, begin), range(2))]
    assert [len(waits) for waits in raced] == [200, 200]
    for client in range(5):
        waits = [wait for one in raced for wait in one[client * 40 : client * 40 + 40]]
        assert waits.count(0) == 10
        assert {round(wait) for wait in waits if wait} <= {0, 1}
    assert stack.sql(f"SELECT COUNT(*) FROM {table}").strip() == "5"


def test_buckets_come_and_go(stack: Stack, table: str) -> None:
    """Text of any kind and length names a bucket of its own; who waits is let in; full buckets are forgotten."""
    program = """
keys = ["'; DROP TABLE x; -- 中🐟" * 100, "e", "E", "é", "e "]
first, second = ([store.take(key, now, 10.0, 0.0) for key in keys] for now in (1e9, 1e9 + 4))
third = store.take("e", 1e9 + 10, 10.0, 0.0)
store.forget(1e9 + 15)
print(json.dumps([first, second, third]))
"""
    assert json.loads(python(stack, program)) == [[0] * 5, [6] * 5, 0]
    assert stack.sql(f"SELECT full_at - 1e9 FROM {table}").split() == ["20"]
