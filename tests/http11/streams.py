"""Streams of bytes for fuzzing: made of what means something to a parser, or of files of the corpus with faults."""

from hypothesis import strategies as st

from tests.http11.corpus import INVALID, VALID, Invalid, Valid

# Runs of bytes that mean something to a parser, so that fuzzing gets past the first line.
TOKENS = st.sampled_from(
    [
        *(
            b"GET",
            b"POST",
            b" ",
            b"/",
            b" HTTP/1.1",
            b" HTTP/1.0",
            b"\r\n",
            b"\r",
            b"\n",
            b"\r\n\r\n",
            b":",
            b"*",
            b"%",
        ),
        *(b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nHost: a\r\n", b"http://a/", b"Host: a\r\n", b"X: y\r\n", b"\0"),
        *(
            b"Content-Length: 5\r\n",
            b"Content-Length: ",
            b"Transfer-Encoding: chunked\r\n",
            b"Cookie: a=b\r\n",
            b"\xff",
        ),
        *(b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"a" * 70),
        *(b"5\r\nhello\r\n", b"0\r\n", b"0\r\n\r\n", b";a=b"),
    ]
)
STREAMS = st.lists(st.one_of(TOKENS, st.binary(max_size=8)), max_size=12).map(b"".join)
FILES: list[Valid | Invalid] = [*VALID, *INVALID]
CORPUS = st.sampled_from([case.data[:1000] for case in FILES])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Draw a file of the corpus with a few bytes changed, and perhaps another behind it."""
    data = bytearray(draw(CORPUS))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        data[start : start + draw(st.integers(0, 3))] = draw(st.one_of(TOKENS, st.binary(max_size=2)))
    return bytes(data) + draw(st.one_of(st.just(b""), CORPUS))
