"""Any bytes in any pieces: requests or one protocol error, the same for every cut, and nothing else ever."""

import re
import string
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http11 import framing, reader, writer
from server.http11.errors import ProtocolError, ResponseError
from tests.http11.corpus import Invalid, Valid
from tests.http11.streams import FILES, STREAMS, mutated
from tests.server.sansio import Client

SMALL: dict[str, Any] = {
    "request_line_limit": 64,
    "head_limit": 256,
    "field_count_limit": 5,
    "body_limit": 64,
    "body_memory": 16,
}


@dataclass
class Outcome:
    """What came of a stream of bytes."""

    requests: list[tuple[object, ...]]
    error: str
    status: int


def outcome(pieces: list[bytes]) -> Outcome:
    """Feed a session; an exception other than the protocol's own comes out of here and fails the test."""
    client = Client(**SMALL).send(*pieces).finish()
    names = ("REQUEST_METHOD", "REQUEST_URI", "PATH_INFO", "QUERY_STRING", "SERVER_PROTOCOL")
    requests = []
    for call in client.echo.calls:
        fields = {name: value for name, value in call.environ.items() if name.startswith(("HTTP_", "CONTENT_"))}
        requests.append((*(call.environ[name] for name in names), fields, call.body))
    error = client.error
    return Outcome(requests, type(error).__name__, error.status if error else 0)


def cut_at(data: bytes, places: list[int]) -> list[bytes]:
    """Cut bytes at these places."""
    bounds = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


@given(st.one_of(STREAMS, mutated()), st.lists(st.integers(0, 2000), max_size=6))
def test_every_cut_has_the_same_outcome(data: bytes, places: list[int]) -> None:
    """How the network cuts a stream changes neither the requests nor the error."""
    whole = outcome([data])
    assert outcome(cut_at(data, places)) == whole
    assert outcome(cut_at(data, list(range(len(data))))) == whole


@pytest.mark.parametrize("case", FILES, ids=lambda case: case.name)
def test_every_cut_of_the_corpus_has_the_same_outcome(case: Valid | Invalid) -> None:
    """As above, for each file of the corpus cut in two at its critical places: around each line end."""
    whole = outcome([case.data])
    for match in re.finditer(rb"\r\n|\n", case.data[:600]):
        for place in range(match.start(), match.end() + 1):
            assert outcome([case.data[:place], case.data[place:]]) == whole


@given(STREAMS, st.binary(max_size=40))
def test_nothing_is_held_but_what_may_become_a_request(data: bytes, more: bytes) -> None:
    """However much is sent, a reader holds no more than its limits let it; memory is bounded."""
    limits = reader.Limits(64, 5, 256, 64)
    head = reader.HeadReader(limits)
    piece = data + more
    try:
        for _ in range(50):
            if head.feed(piece) is not None:
                break
            assert len(head._buffer) <= limits.head + len(reader.END_OF_HEAD)
    except ProtocolError:
        pass
    chunks = framing.ChunkedReader(limits)
    try:
        for _ in range(50):
            chunks.feed(piece)
            assert len(chunks._line) <= limits.head + 2
            assert sum(map(len, chunks._trailers)) <= limits.head
    except ProtocolError:
        pass


@given(st.lists(st.binary(min_size=1, max_size=40)), st.lists(st.integers(0, 500)), st.binary(max_size=20))
def test_chunked_round_trip(blocks: list[bytes], places: list[int], behind: bytes) -> None:
    """What the writer frames, the reader takes apart, and it stops where the body does."""
    coded = b"".join(map(writer.chunk, blocks)) + writer.LAST_CHUNK + behind
    chunked = framing.ChunkedReader(reader.Limits())
    body, rest = b"", b""
    for piece in cut_at(coded, places):
        if chunked.rest is None:
            body += chunked.feed(piece)
        else:
            rest += piece
    assert body == b"".join(blocks)
    assert chunked.rest is not None
    assert chunked.rest + rest == behind


@given(st.binary(max_size=60), st.lists(st.integers(0, 80)), st.binary(max_size=20))
def test_length_round_trip(body: bytes, places: list[int], behind: bytes) -> None:
    """A body of a length is that many octets, and what is behind it is behind it."""
    length = framing.LengthReader(len(body))
    found, rest = b"", b""
    for piece in cut_at(body + behind, places):
        if length.rest is None:
            found += length.feed(piece)
        else:
            rest += piece
    assert (found, (length.rest or b"") + rest) == (body, behind)


TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="\r\n\0:\x0b\x0c\x85\u2028 \tab", max_size=12),
    st.text(alphabet=string.ascii_letters + "-", min_size=1, max_size=12),
)


@given(st.one_of(TEXTS, st.just("200 OK"), TEXTS.map("200 ".__add__)), st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_no_head_is_forged(status: str, headers: list[tuple[str, str]]) -> None:
    """Whatever an application says, the head has as many lines as it has headers, and only the server ends it."""
    try:
        head = writer.render_head(status, headers).rendered
    except ResponseError:
        return
    assert re.search(rb"[\0\r\n\x0b\x0c]", head.replace(b"\r\n", b"")) is None
    line, *fields, end = head.split(b"\r\n")
    assert line.startswith(b"HTTP/1.1 ")
    assert end == b""
    expected = [(name, value) for name, value in headers if not status.startswith("204") or name != "content-length"]
    assert [field.decode("latin-1") for field in fields] == [f"{name}: {value}" for name, value in expected]
