from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, make_url, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from app import maintenance
from app.errors import Unavailable
from app.tables import stocks, watches
from tests.app.site import BROWSER, CHINESE, CURL, JSON

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.app.site import Site

NOBODY_LISTENS = "mysql+pymysql://minnow@127.0.0.1:1/minnow"


def lost() -> OperationalError:
    """Return what SQLAlchemy raises when the server has gone away."""
    return OperationalError("SELECT 1", {}, Exception(2006, "gone"), connection_invalidated=True)


def deadlock() -> OperationalError:
    """Return what SQLAlchemy raises for the victim of a deadlock on MySQL."""
    return OperationalError("UPDATE", {}, Exception(1213, "Deadlock found"))


class Failing:
    """Work that fails as often as told."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self, _connection: Connection) -> str:
        """Count the call, and fail if there is an error left."""
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.mark.parametrize("way", ["read", "write"])
@pytest.mark.parametrize("error", [lost(), deadlock()], ids=["lost", "deadlock"])
def test_lost_work_is_repeated_once(site: Site, way: str, error: OperationalError) -> None:
    """Work that met a dead connection or a deadlock runs again, once."""
    work = Failing(error)
    assert getattr(site.database, way)(work) == "done"
    assert work.calls == 2
    work = Failing(error, error)
    with pytest.raises(Unavailable):
        getattr(site.database, way)(work)
    assert work.calls == 2


def test_a_slow_answer_is_not_asked_for_again(site: Site) -> None:
    """A query that timed out is not repeated: the visitor has waited long enough."""
    cause = Exception(2013, "Lost connection to MySQL server during query")
    cause.__context__ = TimeoutError("timed out")
    work = Failing(OperationalError("SELECT 1", {}, cause, connection_invalidated=True))
    with pytest.raises(Unavailable):
        site.database.read(work)
    assert work.calls == 1


def test_failed_commit_is_not_repeated(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the commit fails nobody knows whether it took effect, so the work does not run again."""
    execute = site.database.engine.dialect.do_execute

    def fail(cursor: Any, statement: str, *context: Any) -> None:
        if statement == "COMMIT":
            raise sqlite3.OperationalError("disk I/O error")
        execute(cursor, statement, *context)

    monkeypatch.setattr(site.database.engine.dialect, "do_execute", fail)
    work = Failing()
    with pytest.raises(Unavailable):
        site.database.write(work)
    assert work.calls == 1


def test_failed_work_is_rolled_back(site: Site) -> None:
    """An exception in the work leaves nothing of it behind."""

    def add_and_fail(connection: Connection) -> None:
        stock_id = connection.execute(select(stocks.c.id).limit(1)).scalar_one()
        connection.execute(insert(watches), {"visitor": "v" * 32, "stock_id": stock_id})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        site.database.write(add_and_fail)
    assert site.watch_count() == 0


def test_a_read_cannot_write(site: Site) -> None:
    """Work that was announced as reading fails when it writes, also on a connection that has just written."""

    def insert_one(connection: Connection) -> None:
        connection.execute(insert(watches), {"visitor": "v" * 32, "stock_id": 1})

    site.database.write(insert_one)
    for _ in range(3):
        with pytest.raises(OperationalError, match="readonly"):
            site.database.read(insert_one)
    assert site.watch_count() == 1


def test_foreign_keys_hold(site: Site) -> None:
    """A watch of a stock that does not exist is refused, on SQLite too."""
    with pytest.raises(IntegrityError):
        site.database.write(lambda c: c.execute(insert(watches), {"visitor": "v" * 32, "stock_id": 10**6}))


def test_write_ahead_log(site: Site) -> None:
    """Readers do not wait for the writer."""
    assert site.database.read(lambda c: c.execute(text("PRAGMA journal_mode")).scalar()) == "wal"


@pytest.mark.parametrize("path", ["/", "/index.html", "/stock/000007.html", "/center.html"])
def test_pages_without_database(open_site: Callable[..., Site], path: str) -> None:
    """While the database is away pages answer 503 with Retry-After and a friendly page, in both languages."""
    client = open_site(NOBODY_LISTENS).app.test_client()
    response = client.get(path, headers=BROWSER)
    assert response.status == 503
    assert int(response.headers["Retry-After"]) > 0
    assert "please try again" in response.text
    assert "请几秒后重试" in client.get(path, headers={**BROWSER, **CHINESE}).text


@pytest.mark.parametrize(
    "path", ["/add/000007.html", "/del/000007.html", "/update/000007.html", "/update/000007/x.html"]
)
def test_changes_without_database(open_site: Callable[..., Site], path: str) -> None:
    """While the database is away a change is refused, not lost in silence."""
    response = open_site(NOBODY_LISTENS).app.test_client().post(path, form={"note": "x"}, headers=JSON)
    assert (response.status, response.json["error"]) == (503, "unavailable")


def test_the_log_keeps_notes_private(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """What is logged of a failed statement are the driver's words, not the visitor's."""
    with pytest.raises(Unavailable):
        site.database.read(lambda c: c.execute(text("SELECT :note FROM nowhere"), {"note": "my secret"}))
    assert "nowhere" in caplog.text
    assert "my secret" not in caplog.text


def test_health_without_database(open_site: Callable[..., Site]) -> None:
    """The process is up, and says that it is of no use."""
    client = open_site(NOBODY_LISTENS).app.test_client()
    assert (client.get("/healthz").status, client.get("/readyz").status) == (200, 503)


def test_health(site: Site) -> None:
    """With a database both say yes."""
    client = site.app.test_client()
    assert (client.get("/healthz").text, client.get("/readyz").text) == ("ok\n", "ready\n")


def test_recovery(tmp_path: Path, open_site: Callable[..., Site]) -> None:
    """The same application answers when its database comes, without a restart."""
    url = f"sqlite:///{tmp_path}/later/minnow.db"
    client = open_site(url).app.test_client()
    assert client.get("/index.html").status == 503
    assert client.get("/readyz").status == 503
    maintenance.migrate(make_url(url), wait=0)
    assert client.get("/readyz").status == 200
    maintenance.seed(make_url(url), wait=0)
    assert client.get("/stock/000007.html").status == 200


def test_exhausted_pool(
    tmp_path: Path, site: Site, open_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When no connection comes free in time the answer is 503, and 200 again afterwards."""
    assert site
    monkeypatch.setattr("app.database.POOL_SECONDS", 0.01)
    narrow = open_site(f"sqlite:///{tmp_path}/minnow.db", pool=1)
    client = narrow.app.test_client()
    assert narrow.database.read(lambda _: client.get("/index.html", headers=CURL).status) == 503
    assert client.get("/index.html", headers=CURL).status == 200
