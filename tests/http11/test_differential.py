"""Minnow, h11 and httptools read the same bytes. Where they differ, a line of a table says why; else the test fails.

What would be dangerous has no line in any table: two requests that both accept, read differently.
"""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings

from tests.http11.corpus import Invalid, Valid
from tests.http11.oracles import Reading, read_by_h11, read_by_httptools, read_by_minnow
from tests.http11.streams import FILES, mutated

# What Minnow refuses and the other reads: Minnow's words, and the argument.
BOTH_LAX = {
    r"CONNECT takes|it does not CONNECT": "they leave CONNECT to their user; an origin server has no use for it",
    r"only expectation": "they leave Expect to their user",
    r"(Authorization|Host|Content-Type) is repeated": "they leave single fields to their user",
    r"the Host field is not": "they do not look into Host; who routes by it has to",
    r"has no TLS": "they do not know what they are read from, and leave the scheme to their user",
    r"the target is no path|only OPTIONS takes": "they check the octets of a target, not its form or percent-coding",
    r"must not come as a trailer": "they leave trailers to their user, which is where the danger is (RFC 9110 §6.5.1)",
    r"HTTP/1.0 knows no Transfer-Encoding": "they read it; a 1.0 proxy on the way would not (RFC 9112 §6.1)",
    r"a chunk's line is too long|too many extensions": "no or other limits on extensions (CVE-2023-39326)",
    r"Content-Length is not a plain": "they take more than 19 digits, and h11 lists of equal numbers",
    r"only versions known": "they read any digits; another version has other framing",
}
STRICTER = {
    "h11": {
        **BOTH_LAX,
        r"bare LF": "h11 takes a bare LF for a line end, as RFC 9112 §2.2 allows; the two disagree with a strict proxy",
        r"folded over two lines": "h11 joins folded lines, which RFC 9112 §5.2 allows to refuse",
        r"has a control character": "h11 forbids NUL, CR, LF and white space only",
        r"a chunk's size is not": "h11 takes bad white space behind a size and anything as an extension",
        r"Content-Length is repeated": "h11 takes equal lengths for one, which RFC 9112 §6.3 allows to refuse",
        r"Content-Length and Transfer-Encoding together": "h11 lets Transfer-Encoding win (RFC 9112 §6.3 allows both)",
    },
    "httptools": {
        **BOTH_LAX,
        r"the method is not a token": "llhttp skips any number of empty lines, of bare LFs, too",
        r"needs a Host field": "llhttp leaves Host to its user",
        r"one space between them": "llhttp skips spaces in a request line, and reads HTTP/0.9",
        r"the version is not": "llhttp reads RTSP and ICE as well",
        r"bare LF": "llhttp takes one for the end of an HTTP/0.9 request line, and then reads fields",
        r"only transfer coding known": "llhttp leaves codings before the last to its user",
    },
}
# What the other refuses and Minnow reads: the other's words, and the argument.
LAXER = {
    "h11": {
        r"no request line received": "h11 does not skip the empty line that RFC 9112 §2.2 asks to skip",
        r"closes after HTTP/1.0": "h11 never keeps a 1.0 connection; RFC 9112 §9.3 lets a server do so when asked",
    },
    "httptools": {
        r"[Mm]ethod": "llhttp knows a list of methods; RFC 9110 §9.1 lets any token be one",
        r"upgrade": "llhttp stops at Upgrade; Minnow offers none, so it ignores it (RFC 9110 §7.8)",
    },
}
ORACLES: dict[str, Callable[[bytes], Reading]] = {"h11": read_by_h11, "httptools": read_by_httptools}


def unexplained(oracle: str, data: bytes) -> str:
    """Return what the tables do not explain; "" when the two agree, or differ as argued."""
    ours, theirs = read_by_minnow(data), ORACLES[oracle](data)
    for our, their in zip(ours.requests, theirs.requests, strict=False):
        if our != their:
            return f"{oracle} reads {their}, Minnow {our}"
    # As many requests, and a fault that only one has told: the other waits for more of a head or body to judge by.
    if len(ours.requests) < len(theirs.requests):
        argued = any(re.search(words, ours.fault) for words in STRICTER[oracle])
        return "" if argued else f"{oracle} reads {theirs}, Minnow refuses: {ours.fault or 'waits'}"
    if len(ours.requests) > len(theirs.requests):
        argued = any(re.search(words, theirs.fault) for words in LAXER[oracle])
        return "" if argued else f"{oracle} refuses: {theirs.fault or 'waits'}, Minnow reads {ours}"
    return ""


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize("case", [case for case in FILES if not case.settings], ids=lambda case: case.name)
def test_the_corpus(case: Valid | Invalid, oracle: str) -> None:
    """Each file of the corpus is read alike, or differently for a reason."""
    assert unexplained(oracle, case.data) == ""


@pytest.mark.parametrize("oracle", ORACLES)
@settings(max_examples=300, derandomize=True)  # a new difference asks for an argument, so it must not come by chance
@given(data=mutated())
def test_the_corpus_with_faults(oracle: str, data: bytes) -> None:
    """So is what becomes of it when bytes are changed."""
    assert unexplained(oracle, data) == ""


@pytest.mark.parametrize("oracle", ORACLES)
def test_no_argument_is_idle(oracle: str) -> None:
    """Each line of the tables explains at least one file of the corpus; the ones that nothing needs have to go."""
    needed = set()
    for case in FILES:
        ours, theirs = read_by_minnow(case.data), ORACLES[oracle](case.data)
        if len(ours.requests) < len(theirs.requests):
            needed |= {words for words in STRICTER[oracle] if re.search(words, ours.fault)}
        if len(ours.requests) > len(theirs.requests):
            needed |= {words for words in LAXER[oracle] if re.search(words, theirs.fault)}
    assert needed == {*STRICTER[oracle], *LAXER[oracle]}
