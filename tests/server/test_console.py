"""What is said on standard error, and in which colours."""

import io
import logging

import pytest

from server.console import Lines, set_up, wants_colours


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "wanted"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colours_only_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, environ: dict[str, str], wanted: bool
) -> None:
    """And not against the user's word: NO_COLOR counts when it is not empty."""
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert wants_colours(stream) is wanted


@pytest.mark.parametrize(
    ("level", "colours", "line"),
    [
        (logging.INFO, True, "minnow: news\nmore"),
        (logging.WARNING, True, "\x1b[33mminnow: news\x1b[0m\nmore"),
        (logging.ERROR, True, "\x1b[31mminnow: news\x1b[0m\nmore"),
        (logging.ERROR, False, "minnow: news\nmore"),
    ],
)
def test_only_the_first_line_is_coloured(level: int, colours: bool, line: str) -> None:
    """A traceback below it stays plain."""
    record = logging.LogRecord("minnow", level, __file__, 1, "news\nmore", (), None)
    assert Lines(colours=colours).format(record) == line


def test_a_program_that_embeds_the_server_keeps_its_own_logging(own_log: logging.Logger) -> None:
    """Set up once and only where nothing was."""
    mine = logging.NullHandler()
    own_log.addHandler(mine)
    set_up()
    assert own_log.handlers == [mine]


def test_set_up_writes_to_standard_error(own_log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a record, the program's name first; a second call changes nothing."""
    set_up()
    set_up()
    own_log.info("listening on %s", "x")
    assert capsys.readouterr() == ("", "minnow: listening on x\n")
