"""Who may come in, and who the client is."""

from __future__ import annotations

from wsgiref.validate import validator

import pytest

from framework.middleware.ip_filter import IPFilter
from framework.middleware.proxy_headers import ProxyHeaders
from framework.middleware.wsgi import client_network
from framework.testing import Client
from tests.framework.middleware.inner import seen, show

PRIVATE = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"]


@pytest.mark.parametrize(
    ("address", "allow", "deny", "status"),
    [
        ("10.1.2.3", PRIVATE, [], 200),
        ("192.0.2.1", PRIVATE, [], 200),
        ("2001:db8::1", PRIVATE, [], 200),
        ("::ffff:10.1.2.3", PRIVATE, [], 200),
        ("192.0.2.2", PRIVATE, [], 403),
        ("2001:db9::1", PRIVATE, [], 403),
        ("", PRIVATE, [], 403),
        ("nonsense", PRIVATE, [], 403),
        ("10.1.2.3", [], PRIVATE, 403),
        ("::ffff:10.1.2.3", [], PRIVATE, 403),
        ("11.1.2.3", [], PRIVATE, 200),
        ("", [], PRIVATE, 200),
        ("10.1.2.3", PRIVATE, ["10.1.0.0/16"], 403),
        ("10.2.2.3", PRIVATE, ["10.1.0.0/16"], 200),
        ("10.1.2.3", [], [], 200),
    ],
)
def test_ip_filter(address: str, allow: list[str], deny: list[str], status: int) -> None:
    """Denied addresses are out, and all but the allowed ones where there are any."""
    application = validator(IPFilter(validator(show), allow=allow, deny=deny))
    assert Client(application, {"REMOTE_ADDR": address}).get("/").status == status


@pytest.mark.parametrize("network", ["10.0.0.1/8", "10.0.0.0/33", "example.com", ""])
def test_no_network(network: str) -> None:
    """What is no network is refused at once: a filter that matches nothing would be no filter."""
    with pytest.raises(ValueError, match=r"does not appear|has host bits"):
        IPFilter(show, deny=[network])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "6.6.6.6, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "[2001:db9::7]", "2001:db9::7"),
        ("::ffff:10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("192.0.2.9", "6.6.6.6", "192.0.2.9"),
        ("", "6.6.6.6", ""),
    ],
)
def test_client_behind_proxies(peer: str, forwarded: str, client: str) -> None:
    """The client is the last address that no trusted proxy has; others' word counts for nothing."""
    application = ProxyHeaders(show, trusted=["10.0.0.0/8"])
    found = seen(application, headers={"X-Forwarded-For": forwarded}, environ={"REMOTE_ADDR": peer})
    assert found["REMOTE_ADDR"] == client


@pytest.mark.parametrize(
    ("peer", "proto", "host", "expected"),
    [
        ("10.0.0.1", "https", "example.com", ("https", "example.com")),
        ("10.0.0.1", "http, https", "evil.example, example.com", ("https", "example.com")),
        ("10.0.0.1", "HTTPS", "", ("https", "localhost")),
        ("10.0.0.1", "javascript", "", ("http", "localhost")),
        ("192.0.2.9", "https", "evil.example", ("http", "localhost")),
    ],
)
def test_scheme_and_host(peer: str, proto: str, host: str, expected: tuple[str, str]) -> None:
    """Scheme and host are the last proxy's word, if it is trusted and makes sense."""
    fields = {"X-Forwarded-Proto": proto, "X-Forwarded-Host": host}
    found = seen(ProxyHeaders(show, trusted=["10.0.0.0/8"]), headers=fields, environ={"REMOTE_ADDR": peer})
    assert (found["wsgi.url_scheme"], found["HTTP_HOST"]) == expected


def test_forwarding_fields_end_here() -> None:
    """Nothing behind this middleware can believe the fields itself."""
    left: list[str] = []
    application = ProxyHeaders(lambda environ, start: left.extend(environ) or show(environ, start), trusted=[])
    fields = dict.fromkeys(("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded"), "x")
    assert Client(application).get("/", headers=fields).status == 200
    assert not [key for key in left if "FORWARDED" in key]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        ("", ""),
    ],
)
def test_client_network(address: str, network: str) -> None:
    """An IPv6 client has a whole network of addresses, and counts once."""
    assert client_network({"REMOTE_ADDR": address}) == network
