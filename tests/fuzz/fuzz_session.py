"""Fuzz a session with atheris: coverage-guided, without end, beside the suite and no part of it.

Atheris wants a CPython that it has a wheel for. Install it into an environment of its own, and run it from the root of
the repository; the corpus of the suite is the seed, what is found new is kept in var/fuzz:

    python3 -m venv .venv-fuzz && .venv-fuzz/bin/pip install atheris
    mkdir -p var/fuzz
    .venv-fuzz/bin/python -m tests.fuzz.fuzz_session var/fuzz tests/http11/requests/* -max_len=4096 -max_total_time=600

It fails on any exception but the protocol's own, when a cut changes the outcome, and when more is held than the limits
allow (libFuzzer's -rss_limit_mb). A failing input is written to a file, crash-…: copy it into the corpus with its rule.
"""

import sys

import atheris

with atheris.instrument_imports(include=["server"]):
    from tests.server.sansio import Client, split

Outcome = tuple[list[tuple[str, str, bytes]], str, int]
SMALL = {"request_line_limit": 256, "head_limit": 1024, "field_count_limit": 10, "body_limit": 256, "body_memory": 64}


def outcome(pieces: list[bytes]) -> Outcome:
    """Return the requests that the application saw, and the refusal."""
    client = Client(**SMALL).send(*pieces).finish()
    seen = [(call.environ["REQUEST_METHOD"], call.environ["REQUEST_URI"], call.body) for call in client.echo.calls]
    return seen, type(client.error).__name__, client.error.status if client.error else 0


def one_input(data: bytes) -> None:
    """Send the bytes whole, and cut at a length that they choose themselves."""
    if not data:
        return
    whole = outcome([data])
    size = data[-1] % 16 + 1
    if outcome(split(data, size)) != whole:
        raise AssertionError(f"cut into pieces of {size}, the outcome is another than {whole}")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
