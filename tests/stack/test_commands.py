"""The site's commands on MySQL, in the container that the site runs in."""

import pytest

from tests.stack.compose import CommandError, Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]


def test_the_doctor_finds_a_healthy_stack(stack: Stack) -> None:
    """All is well: schema, text, stocks, names, version, connections of four replicas, read-only reads and keys."""
    lines = stack.shell("app", "python -m app doctor --replicas 4").splitlines()
    assert len(lines) == 8
    assert all(line.startswith("ok ") for line in lines)
    assert "10 (DATABASE_POOL) * 2 workers * 4 replicas = 80 of 95" in "\n".join(lines)
    assert "a read cannot write" in "\n".join(lines)


def test_the_doctor_counts_connections(stack: Stack) -> None:
    """More replicas than the database has connections for are found out before they are started."""
    with pytest.raises(CommandError, match="lower DATABASE_POOL or raise max_connections"):
        stack.shell("app", "python -m app doctor --replicas 5")


def test_bars_go_out_and_come_back(stack: Stack) -> None:
    """What was exported is imported again, through pipes: the same bars, the same quotes, one version later."""
    columns = "code, name, initials, price, change_percent, turnover_percent, previous_high, recent"
    figures = (
        "SELECT COUNT(*), SUM(volume), SUM(close) FROM minnow.bars; "
        f"SELECT SHA2(GROUP_CONCAT(CONCAT_WS('|', {columns})), 256) FROM minnow.stocks"
    )
    before = stack.sql(figures)
    version = int(stack.sql("SELECT version FROM minnow.market"))
    told = stack.shell("app", "python -m app export --since 2026-10-01 | python -m app import -")
    assert "2,728 bars of 124 stocks imported" in told
    assert stack.sql(figures) == before
    assert int(stack.sql("SELECT version FROM minnow.market")) == version + 1


def test_a_bad_file_changes_nothing(stack: Stack) -> None:
    """On MySQL, too, a file with a bad line leaves nothing behind, neither bars nor a new stock."""
    good = "999001,新来的鱼,2026-11-02,1.00,1.20,0.90,1.10,5000"
    script = f"printf 'code,name,day,open,high,low,close,volume\\n{good}\\n{good}\\n' | python -m app import -"
    with pytest.raises(CommandError, match="-:3: a second bar of 999001 on 2026-11-02"):
        stack.shell("app", script)
    assert stack.sql("SELECT COUNT(*) FROM minnow.stocks WHERE code = '999001'").strip() == "0"


def test_a_simulated_market_moves(stack: Stack) -> None:
    """A tick is one version, and the stocks that traded are marked with it."""
    version = int(stack.sql("SELECT version FROM minnow.market"))
    stack.shell("app", "python -m app simulate --seed 7 --ticks 2 --interval 0 --share 0.1")
    assert int(stack.sql("SELECT version FROM minnow.market")) == version + 2
    assert int(stack.sql(f"SELECT COUNT(*) FROM minnow.stocks WHERE version > {version}")) >= 12
