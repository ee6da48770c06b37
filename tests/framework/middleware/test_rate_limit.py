"""The rate limiter and its stores."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from framework.middleware.rate_limit import MemoryStore, RateLimit, Store
from framework.middleware.rate_limit_sql import SQLStore
from framework.testing import Client
from tests.framework.middleware.inner import show

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Return each kind of store, empty."""
    if request.param == "memory":
        return MemoryStore()
    sql = SQLStore(lambda: sqlite3.connect(tmp_path / "limits.db", timeout=30), "?")
    sql.create_table()
    sql.create_table()  # twice is no error
    return sql


class Clock:
    """Stand still until told otherwise."""

    now = 1_000_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put a clock in the place of the wall's."""
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


def test_burst_and_rate(store: Store, clock: Clock) -> None:
    """A burst passes, then one request for each interval; who waits as told is let in."""
    client = Client(RateLimit(show, rate=0.5, burst=3, store=store))
    assert [client.get("/").status for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get("/")
    assert (refused.headers["Retry-After"], refused.text) == ("2", "429 Too Many Requests\n")
    clock.now += 1.9
    assert client.get("/").status == 429
    clock.now += 0.1
    assert [client.get("/").status for _ in range(2)] == [200, 429]
    clock.now += 1000
    assert [client.get("/").status for _ in range(4)] == [200, 200, 200, 429]


def test_clients_do_not_share(store: Store, clock: Clock) -> None:
    """Each client has a bucket of its own; an IPv6 network is one client."""
    application = RateLimit(show, rate=1, burst=1, store=store)
    addresses = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.1", "2001:db8::2"]
    statuses = [Client(application, {"REMOTE_ADDR": address}).get("/").status for address in addresses]
    assert statuses == [200, 200, 200, 429, 429]


def test_free_requests(store: Store, clock: Clock) -> None:
    """A request without a key is free."""

    def key(environ: dict[str, Any]) -> str:
        return environ["REMOTE_ADDR"] if environ["REQUEST_METHOD"] == "POST" else ""

    client = Client(RateLimit(show, rate=1, burst=1, store=store, key=key))
    assert [client.get("/").status for _ in range(3)] == [200, 200, 200]
    assert [client.post("/").status for _ in range(2)] == [200, 429]


def test_no_token_is_taken_twice(store: Store, clock: Clock) -> None:
    """Of many requests at once exactly a burst passes."""
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: store.take("key", clock.now, 1.0, 4.0), range(40)))
    assert sum(wait == 0 for wait in waits) == 5


def test_processes_share_the_database(tmp_path: Path, clock: Clock) -> None:
    """Two stores on one database, as two workers have them, have one limit."""
    stores = [SQLStore(lambda: sqlite3.connect(tmp_path / "limits.db"), "?") for _ in range(2)]
    stores[0].create_table()
    limits = [Client(RateLimit(show, rate=1, burst=2, store=store)) for store in stores]
    assert [limits[turn].get("/").status for turn in (0, 1, 0, 1)] == [200, 200, 429, 429]


@pytest.mark.parametrize(("burst", "waits"), [(2, [0.0, 0.0]), (1, [0.0, 0.001])])
def test_two_first_requests(tmp_path: Path, burst: int, waits: list[float]) -> None:
    """Of two workers that see a new client at once, the slower one finds the other's bucket and takes from that."""
    path = tmp_path / "limits.db"
    quick = SQLStore(lambda: sqlite3.connect(path), "?")
    quick.create_table()
    taken: list[float] = []

    class Overtaken(sqlite3.Connection):
        """Let the other worker in just before the bucket is made."""

        def cursor(self, *_args: Any) -> Any:
            return super().cursor(OvertakenCursor)

    class OvertakenCursor(sqlite3.Cursor):
        def execute(self, statement: str, values: Any = ()) -> Any:
            if statement.startswith("INSERT") and not taken:
                taken.append(quick.take("key", 0.0, 1.0, burst - 1.0))
            return super().execute(statement, values)

    slow = SQLStore(lambda: sqlite3.connect(path, factory=Overtaken), "?")
    taken.append(slow.take("key", 0.0, 1.0, burst - 1.0))
    assert taken == waits


def test_memory_is_bounded() -> None:
    """A flood of clients pushes out full buckets first, then old ones, and never the newest."""
    store = MemoryStore(limit=10)
    store.take("idle", 0.0, 1.0, 0.0)
    for n in range(50):
        store.take(f"client {n}", 100.0, 1.0, 0.0)
        assert len(store) <= 10
    assert store.take("client 49", 100.0, 1.0, 0.0) == 1.0


def test_sql_forgets(tmp_path: Path) -> None:
    """Full buckets are deleted on demand; the others stay."""
    path = tmp_path / "limits.db"
    store = SQLStore(lambda: sqlite3.connect(path), "?")
    store.create_table()
    for key, now in [("old", 0.0), ("new", 100.0)]:
        store.take(key, now, 1.0, 0.0)
    store.forget(50.0)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT full_at FROM rate_limit").fetchall() == [(101.0,)]
    connection.close()


def test_long_keys(store: Store) -> None:
    """A key of any length and content is a key, and another than one that differs at its end."""
    key = "'; DROP TABLE rate_limit; --中" * 100
    assert store.take(key, 0.0, 1.0, 0.0) == 0
    assert store.take(key, 0.0, 1.0, 0.0) == 1.0
    assert store.take(f"{key}2", 0.0, 1.0, 0.0) == 0


def test_failing_store(caplog: pytest.LogCaptureFixture) -> None:
    """Requests pass when the store is away, and the log says so once in a while."""

    def connect() -> sqlite3.Connection:
        raise sqlite3.OperationalError("gone")

    client = Client(RateLimit(show, rate=1, burst=1, store=SQLStore(connect, "?")))
    assert [client.get("/").status for _ in range(3)] == [200, 200, 200]
    assert [record.message for record in caplog.records] == ["the rate limiter's store fails; requests pass unlimited"]


def test_other_database_errors_are_raised(tmp_path: Path) -> None:
    """A table that is not there is no duplicate key."""
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        SQLStore(lambda: sqlite3.connect(tmp_path / "empty.db"), "?").take("key", 0.0, 1.0, 0.0)


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_senseless_limits(rate: float, burst: int) -> None:
    """A limit that lets nobody in, or makes no sense, is refused."""
    with pytest.raises(ValueError, match="a rate is above 0"):
        RateLimit(show, rate=rate, burst=burst)


def test_senseless_table() -> None:
    """A table's name goes into statements, so it must be a name."""
    with pytest.raises(ValueError, match="no name for a table"):
        SQLStore(lambda: None, "?", "x; DROP TABLE y")
