"""Whom the server believes about its clients."""

from typing import Any

import pytest

from server.middleware.proxy import FORWARDED, X_FORWARDED, Chain, Hop, TrustedProxies, parse_forwarded
from server.values import parse_network
from tests.server.middleware.calling import call, echo, environ_of

PROXY = "10.0.0.1"
TRUSTED = ("10.0.0.0/8", "fd00::/8")
POSING = (
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED"),
    *("HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PREFIX", "HTTP_X_FORWARDED_SSL", "HTTP_X_REAL_IP"),
)


def seen(
    peer: str, trusted: tuple[str, ...] = TRUSTED, fields: tuple[str, ...] = X_FORWARDED, **sent: str
) -> dict[str, Any]:
    """Return the environ that the application sees; request fields are given as `x_forwarded_for`."""
    kept: dict[str, Any] = {}
    app = TrustedProxies(echo(kept), map(parse_network, trusted), fields)
    call(app, environ_of(REMOTE_ADDR=peer, **{f"HTTP_{name.upper()}": value for name, value in sent.items()}))
    return kept


@pytest.mark.parametrize("peer", ["203.0.113.9", "11.0.0.1", "::1", "not an address", ""])
def test_a_stranger_is_not_believed_and_fools_nobody(peer: str) -> None:
    """Everything that an application could believe a proxy by is gone; who the peer is stays."""
    sent = {name.removeprefix("HTTP_").lower(): "198.51.100.7" for name in POSING}
    environ = seen(peer, **sent)
    assert not set(POSING) & environ.keys()
    assert environ["REMOTE_ADDR"] == peer
    assert environ["REMOTE_PORT"] == "4711"
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["HTTP_HOST"] == "site.example"


@pytest.mark.parametrize("name", POSING)
@pytest.mark.parametrize("peer", [PROXY, "203.0.113.9"])
def test_the_application_learns_that_somebody_spoke_for_others(peer: str, name: str) -> None:
    """Read or removed, such a field leaves its mark; without one there is none."""
    assert seen(peer, **{name.removeprefix("HTTP_").lower(): "x"})["minnow.forwarded"] is True
    assert "minnow.forwarded" not in seen(peer)


def test_a_trusted_proxy_is_believed() -> None:
    """Address, scheme and host are the client's; the peer's port is gone, and so are the fields that were used."""
    environ = seen(
        PROXY, x_forwarded_for="198.51.100.7", x_forwarded_proto="https", x_forwarded_host="shop.example:8443"
    )
    assert environ["REMOTE_ADDR"] == "198.51.100.7"
    assert environ["wsgi.url_scheme"] == "https"
    assert environ["HTTP_HOST"] == "shop.example:8443"
    assert "REMOTE_PORT" not in environ
    assert not {"HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"} & environ.keys()


@pytest.mark.parametrize(
    ("field", "client"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7, 10.2.3.4", "198.51.100.7"),
        ("198.51.100.7, 10.2.3.4, 10.0.0.9", "198.51.100.7"),
        ("10.9.9.9, 10.2.3.4", "10.9.9.9"),
        ("10.0.0.9, 198.51.100.7,10.2.3.4", "198.51.100.7"),
        ("198.51.100.7:5151", "198.51.100.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:5151", "2001:db8::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("fd00::1, 2001:db8::7, fd00::2", "2001:db8::7"),
        ("unknown", PROXY),
        ("198.51.100.7, garbage", PROXY),
        ("garbage, 198.51.100.7", "198.51.100.7"),
        ("garbage, 198.51.100.7, 10.2.3.4", "198.51.100.7"),
        ("198.51.100.7, garbage, 10.2.3.4", PROXY),
        ("198.51.100.7,", PROXY),
        ("198.51.100.999", PROXY),
        ("[2001:db8::7%eth0]", PROXY),
        ("[fd00::1%' --]", PROXY),
        ("<script>", PROXY),
        ("", PROXY),
    ],
)
def test_the_client_is_the_rightmost_untrusted_address(field: str, client: str) -> None:
    """What stands left of it the client wrote itself, nonsense that is to make it somebody else included."""
    assert seen(PROXY, x_forwarded_for=field)["REMOTE_ADDR"] == client


@pytest.mark.parametrize(
    ("for_", "proto", "scheme"),
    [
        ("198.51.100.7", "https", "https"),
        ("198.51.100.7", "HTTPS", "https"),
        ("198.51.100.7", "gopher", "http"),
        ("198.51.100.7, 10.2.3.4", "https, http", "https"),
        ("6.6.6.6, 198.51.100.7", "https, http", "http"),
        ("6.6.6.6, 198.51.100.7", "https", "https"),
        ("198.51.100.7", "https, http", "http"),
    ],
)
def test_the_scheme_is_what_the_client_used(for_: str, proto: str, scheme: str) -> None:
    """Lists of equal length belong together; otherwise only the last value was surely written by our peer."""
    assert seen(PROXY, x_forwarded_for=for_, x_forwarded_proto=proto)["wsgi.url_scheme"] == scheme


@pytest.mark.parametrize("host", ["a b", "a/b", "a:b", "a\r\nX: y", "@evil", "", "a.example:123456"])
def test_a_host_that_is_none_is_ignored(host: str) -> None:
    """It would end up in links and redirects."""
    kept: dict[str, Any] = {}
    environ = environ_of(REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_HOST=host)
    TrustedProxies(echo(kept), [parse_network(PROXY)])(environ, lambda *_: None)
    assert kept["HTTP_HOST"] == "site.example"


def test_a_field_that_the_proxy_does_not_set_is_not_read() -> None:
    """A client's own `Forwarded` passes through nginx; unless it is named as the proxy's, it tells nothing."""
    environ = seen(PROXY, x_forwarded_for="198.51.100.7", forwarded="for=6.6.6.6;proto=https")
    assert environ["REMOTE_ADDR"] == "198.51.100.7"
    assert environ["wsgi.url_scheme"] == "http"
    assert "HTTP_FORWARDED" not in environ
    environ = seen(PROXY, fields=("x-forwarded-for",), x_forwarded_for="198.51.100.7", x_forwarded_host="evil.example")
    assert environ["HTTP_HOST"] == "site.example"
    assert "HTTP_X_FORWARDED_HOST" not in environ


def test_the_standard_field_is_read_when_it_is_the_proxys() -> None:
    """RFC 7239, and then the X-Forwarded kind is not."""
    field = 'for=6.6.6.6, for="[2001:db8::7]:99";proto=https;host=shop.example, for=10.2.3.4;proto=http'
    environ = seen(PROXY, fields=(FORWARDED,), forwarded=field, x_forwarded_for="6.6.6.6")
    assert environ["REMOTE_ADDR"] == "2001:db8::7"
    assert environ["wsgi.url_scheme"] == "https"
    assert environ["HTTP_HOST"] == "shop.example"


@pytest.mark.parametrize(
    ("field", "hops"),
    [
        ("for=192.0.2.60;proto=http;by=203.0.113.43", [Hop("192.0.2.60", "http")]),
        ("For=192.0.2.60", [Hop("192.0.2.60")]),
        ("for=192.0.2.43, for=198.51.100.17", [Hop("192.0.2.43"), Hop("198.51.100.17")]),
        ('for="_mdn"', [Hop()]),
        ("for=unknown;proto=https", [Hop("", "https")]),
        ('for="192.0.2.43:47011"', [Hop("192.0.2.43")]),
        (r'for="192.0.2.\43"', [Hop("192.0.2.43")]),
        ('host="a.example:80";for=192.0.2.1 ,for=192.0.2.2', [Hop("192.0.2.1", "", "a.example:80"), Hop("192.0.2.2")]),
        ("for=6.6.6.6, for=192.0.2.43;", [Hop("6.6.6.6"), Hop("192.0.2.43")]),
        ("for=6.6.6.6;, for=192.0.2.43;;proto=https", [Hop("6.6.6.6"), Hop("192.0.2.43", "https")]),
        ('for="6.6.6.6, for=192.0.2.43', [Hop(), Hop("192.0.2.43")]),
        ('for=6.6.6.6;x=", for=192.0.2.43;host="a.example"', [Hop(), Hop("192.0.2.43", "", "a.example")]),
        (r'for=6.6.6.6;x="\", for=192.0.2.43', [Hop(), Hop("192.0.2.43")]),
        ("garbage, for=192.0.2.43", [Hop(), Hop("192.0.2.43")]),
        ("for=192.0.2.43, garbage", [Hop("192.0.2.43"), Hop()]),
        ('for=192.0.2.43;x="a;b"', [Hop("192.0.2.43")]),
        ('for=192.0.2.43;x="a,b"', [Hop(), Hop()]),
        (";for=192.0.2.43 ; proto=https", [Hop("192.0.2.43", "https")]),
        ("for=192.0.2.43,, for=198.51.100.17,", [Hop("192.0.2.43"), Hop("198.51.100.17")]),
        (";", [Hop()]),
        ('for="[fe80::1%<script>]"', [Hop()]),
        ("for=192.0.2.43;for=6.6.6.6", [Hop()]),
        ("for", [Hop()]),
        ('for="192.0.2.43', [Hop()]),
        ("for=192.0.2.43 proto=http", [Hop()]),
        ("for=192.0.2.43:80", [Hop()]),
        ("", []),
    ],
)
def test_the_grammar_of_forwarded(field: str, hops: list[Hop]) -> None:
    """RFC 7239 §4: pairs by ";", hops by ","; a malformed hop tells nothing, and takes nothing from those behind it."""
    assert parse_forwarded(field) == hops


def test_a_peer_on_a_unix_socket_has_a_name_of_its_own() -> None:
    """It has no address, so it is trusted by the word."""
    assert seen("", trusted=("unix",), x_forwarded_for="198.51.100.7")["REMOTE_ADDR"] == "198.51.100.7"
    assert seen("", trusted=TRUSTED, x_forwarded_for="198.51.100.7")["REMOTE_ADDR"] == ""


def test_an_ipv4_peer_of_a_dual_stack_socket_is_itself() -> None:
    """`::ffff:10.0.0.1` is 10.0.0.1."""
    assert seen("::ffff:10.0.0.1", x_forwarded_for="198.51.100.7")["REMOTE_ADDR"] == "198.51.100.7"


def test_the_access_log_asks_for_the_address_alone() -> None:
    """The client's where a trusted proxy tells it, the peer's own otherwise."""
    chain = Chain([parse_network(PROXY)])
    assert chain.address(PROXY, {"HTTP_X_FORWARDED_FOR": "198.51.100.7"}) == "198.51.100.7"
    assert chain.address(PROXY, {}) == PROXY
    assert chain.address("203.0.113.9", {"HTTP_X_FORWARDED_FOR": "198.51.100.7"}) == "203.0.113.9"
