"""Any application, right or wrong: its client gets the response, or can tell that it does not."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.session import Act
from server.wsgi import Environ
from tests.server.apps import Closing, Start
from tests.server.sansio import Client

CONTENT = bytes(range(256)) * 4
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
BLOCKS = st.lists(st.sampled_from([b"", b"a", b"hello", b"x" * 300]), max_size=4)


@dataclass
class Plan:
    """What an application does."""

    kind: str
    status: str
    written: list[bytes]
    blocks: list[bytes]
    length: int | None
    """Its Content-Length."""
    failing: int | None
    """The place among the blocks at which it raises; those of a file and of a list do not."""
    offset: int
    """Where its file stands."""
    begins_again: bool

    @property
    def body(self) -> bytes:
        """All that it says."""
        told = b"".join(self.written)
        if self.kind not in ("file", "BytesIO"):
            return told + b"".join(self.blocks)
        told += CONTENT[self.offset :]
        return told if self.length is None or self.length < len(b"".join(self.written)) else told[: self.length]


@st.composite
def plans(draw: Callable[..., Any]) -> Plan:
    """Draw a plan whose length is the right one, or near it, or none."""
    kind = draw(st.sampled_from(["list", "tuple", "generator", "iterable", "file", "BytesIO"]))
    plan = Plan(
        kind=kind,
        status=draw(st.sampled_from(["200 OK", "204 No Content", "304 Not Modified", "404 Not Found"])),
        written=draw(st.lists(st.sampled_from([b"", b"w", b"ww" * 50]), max_size=2)),
        blocks=draw(BLOCKS),
        length=None,
        failing=draw(st.none() | st.integers(0, 4)) if kind in ("generator", "iterable") else None,
        offset=draw(st.sampled_from([0, 5, len(CONTENT), 2 * len(CONTENT)])),
        begins_again=draw(st.booleans()),
    )
    size = len(plan.body)
    plan.length = draw(st.sampled_from([None, size, size, max(0, size - 1), size + 1, 0]))
    return plan


class Planned:
    """An application that does what it is told, once, and answers well ever after."""

    def __init__(self, plan: Plan, file: Path) -> None:
        self.plan = plan
        self.file = file
        self.returned: Any = None

    def __call__(self, environ: Environ, start_response: Start) -> Any:
        """Answer."""
        plan = self.plan
        if environ["PATH_INFO"] == "/next":
            start_response("200 OK", [])
            return [b"next"]
        headers = [] if plan.length is None else [("Content-Length", str(plan.length))]
        write = start_response(plan.status, headers)
        if plan.begins_again:
            try:
                raise ValueError  # noqa: TRY301 - it has to have a traceback
            except ValueError:
                write = start_response(plan.status, headers, sys.exc_info())
        for block in plan.written:
            write(block)
        self.returned = self._body(environ)
        return self.returned

    def _body(self, environ: Environ) -> Any:
        plan = self.plan
        if plan.kind in ("list", "tuple"):
            return plan.blocks if plan.kind == "list" else tuple(plan.blocks)
        if plan.kind in ("file", "BytesIO"):
            file = self.file.open("rb") if plan.kind == "file" else BytesIO(CONTENT)
            file.seek(plan.offset)
            return environ["wsgi.file_wrapper"](file, 100)
        blocks: list[bytes | BaseException] = [*plan.blocks]
        if plan.failing is not None:
            blocks.insert(plan.failing, ValueError("as planned"))
        body = Closing(*blocks)
        return iter(body) if plan.kind == "generator" else body

    @property
    def is_closed(self) -> bool:
        """Whether what it returned was closed as often as it has to be."""
        if isinstance(self.returned, Closing):
            return self.returned.closed == 1
        if isinstance(self.returned, Iterator) and hasattr(self.returned, "filelike"):
            return bool(self.returned.filelike.closed)
        return True


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file."""
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(CONTENT)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plans(),
    st.sampled_from(["GET", "HEAD", "POST"]),
    st.sampled_from(["1.0", "1.1"]),
    st.sampled_from([None, "close", "keep-alive"]),
)
def test_any_application(file: Path, plan: Plan, method: str, version: str, connection: str | None) -> None:
    """A right one's response arrives whole; a wrong one's is a 500 or cut; then comes the next response, or nothing."""
    app = Planned(plan, file)
    fields = [("Host", "a"), *([("Connection", connection)] if connection else [])]
    head = f"{method} / HTTP/{version}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields)
    client = Client(app).send(f"{head}\r\n".encode(), NEXT)
    if not client.ended:
        client.finish()
    status, body, is_whole, rest = understood(client.output, method)
    is_cut = not is_whole or Act.RESET in client.steps
    goes_without_body = method == "HEAD" or plan.status[:3] in ("204", "304")
    is_right = plan.failing is None and (goes_without_body or plan.length in (None, len(plan.body)))
    if is_right:
        assert not is_cut
        assert (status, body) == (int(plan.status[:3]), b"" if goes_without_body else plan.body)
    elif status != 500:
        assert plan.body.startswith(body)
        assert is_cut or goes_without_body or len(body) == plan.length
    may_go_on = connection != "close" and (version == "1.1" or connection == "keep-alive")
    assert rest in ((b"", b"next") if may_go_on and not is_cut else (b"",))
    assert rest or not (is_right and version == "1.1" and may_go_on)
    assert app.is_closed


def understood(output: bytes, method: str) -> tuple[int, bytes, bool, bytes]:
    """Return status, body and whether it is whole, as h11 reads the first response; and the body of the second."""
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(output)
    reader.receive_data(b"")
    status, body = 0, b""
    try:
        while not isinstance(event := reader.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
    except h11.RemoteProtocolError:
        return status, body, False, b""
    head, _, rest = reader.trailing_data[0].partition(b"\r\n\r\n")
    assert head == b"" or head.startswith(b"HTTP/1.1 200 OK\r\n")
    return status, body, True, rest
