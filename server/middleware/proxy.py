"""Believe what trusted proxies say of their clients, and nobody else.

Anybody can send `X-Forwarded-For`. Only the peer of the connection is certain, so only a peer that the operator named
may speak for others; from everyone else these fields are removed before the application could be fooled. Nor does every
proxy set every field: nginx passes on a client's own `Forwarded` untouched. So only the `fields` that the operator's
proxy does set are read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, NamedTuple

from server.environ import FORWARDING_FIELDS, SPOKEN_FOR, Environ
from server.http11 import grammar
from server.values import Network
from server.wsgi import WSGIApplication

X_FORWARDED = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host")
"""What most proxies are set up to send."""
FORWARDED = "forwarded"
"""The standard's own field (RFC 7239)."""

_READ = frozenset({"HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED"})

_MEMORABLE = 256
"""Length of fields up to which their reading is remembered: what strangers send must not fill the memory."""

# RFC 7239 §6, and the bare IPv6 addresses of X-Forwarded-For; no zone, which may be any text and as long.
_NODE = re.compile(
    r"\[(?P<six>[\da-fA-F:.]+)\](?::\d{1,5})?|(?P<four>[\d.]+)(?::\d{1,5})?|(?P<bare>[\da-fA-F:.]+)", re.ASCII
)
_HOST = re.compile(rf"(?:[\w.-]+|\[(?:{grammar.IPV6})\])(?::{grammar.PORT})?", re.ASCII)
_PAIR = re.compile(r'\s*(?:([\w!#$%&\'*+.^`|~-]+)=(?:([\w!#$%&\'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)")\s*)?(;|$)', re.ASCII)
"""RFC 7239 §4: forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )."""


class Hop(NamedTuple):
    """What one proxy says of the connection that it received; "" where it says nothing."""

    client: str = ""
    scheme: str = ""
    host: str = ""


class TrustedProxies:
    """Set `REMOTE_ADDR`, `wsgi.url_scheme` and `HTTP_HOST` to what trusted proxies say; what is malformed is ignored.

    Args:
        app: what stands behind it.
        networks: the trusted peers; None among them stands for peers on a Unix socket.
        fields: those that the proxies set, any of `X_FORWARDED`, or `FORWARDED` alone.
    """

    def __init__(
        self, app: WSGIApplication, networks: Iterable[Network | None], fields: Iterable[str] = X_FORWARDED
    ) -> None:
        self._app = app
        self._chain = Chain(networks, fields)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if SPOKEN_FOR in environ:
            self._apply(environ)
        return self._app(environ, start_response)

    def _apply(self, environ: Environ) -> None:
        peer = environ["REMOTE_ADDR"]
        if not self._chain.trusts(peer):
            _remove(environ, FORWARDING_FIELDS)
            return
        hop = self._chain.client(peer, environ)
        _remove(environ, _READ)
        if hop.client:
            environ["REMOTE_ADDR"] = hop.client
            environ.pop("REMOTE_PORT", None)  # the proxy's, not the client's
        if hop.scheme:
            environ["wsgi.url_scheme"] = hop.scheme
        if hop.host:
            environ["HTTP_HOST"] = hop.host


class Chain:
    """The way from the peer back to the client, as far as it is trusted."""

    def __init__(self, networks: Iterable[Network | None], fields: Iterable[str] = X_FORWARDED) -> None:
        named = list(networks)
        self._networks = [each for each in named if each is not None]
        self._trusts_unix = None in named
        self._names = tuple("HTTP_" + each.upper().replace("-", "_") for each in fields)
        # The same peers and clients ask again and again.
        self.trusts = lru_cache(maxsize=1024)(self._trusts)
        self._remembered = lru_cache(maxsize=1024)(self._read)

    def client(self, peer: str, fields: Mapping[str, Any]) -> Hop:
        """Return the client that the rightmost untrusted address names, by what is said of it."""
        if not self.trusts(peer):
            return Hop()
        given = tuple([fields.get(name, "") for name in self._names])
        read = self._remembered if sum(map(len, given)) <= _MEMORABLE else self._read
        return read(given)

    def _read(self, given: tuple[str, ...]) -> Hop:
        hop = Hop()
        for hop in _hops(dict(zip(self._names, given, strict=True))):
            if not (hop.client and self.trusts(hop.client)):
                break
        return hop

    def address(self, peer: str, fields: Mapping[str, str]) -> str:
        """Return the address of the client, for a log: the peer's own when no trusted proxy says otherwise."""
        return self.client(peer, fields).client or peer

    def _trusts(self, peer: str) -> bool:
        if not peer:
            return self._trusts_unix
        address = _address(peer)
        return address is not None and any(address in network for network in self._networks)


def _hops(given: Mapping[str, str]) -> Iterator[Hop]:
    """Yield the hops from our own peer's on, each when it is asked for: what stands further left may be anything."""
    if given.get("HTTP_FORWARDED"):
        yield from parse_forwarded(given["HTTP_FORWARDED"])
        return
    names = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
    clients, schemes, hosts = [_split(given.get(name, "")) for name in names]
    count = max(1, len(clients))
    for index in reversed(range(count)):
        client = _node(clients[index]) if clients else ""
        yield Hop(client, _scheme(_said_of(index, count, schemes)), _host(_said_of(index, count, hosts)))


def _said_of(index: int, count: int, values: list[str]) -> str:
    """Give a hop its value; where proxies did not all add one, the last alone is certain and holds for all."""
    if len(values) == count:
        return values[index]
    return values[-1] if values else ""


def parse_forwarded(text: str) -> Iterator[Hop]:
    """Yield the hops of a `Forwarded` field from the nearest on (RFC 7239 §4).

    A hop that is malformed, or has a comma in quotes, tells nothing. Commas are looked for in quotes, too: a client
    that opens some must not take in what our own proxies add behind it.
    """
    return (_element(each) for each in reversed(text.split(",")) if each.strip())


def _element(text: str) -> Hop:
    pairs: dict[str, str] = {}
    at = 0
    while at < len(text):
        found = _PAIR.match(text, at)
        name = found[1].lower() if found and found[1] else ""
        if found is None or name in pairs:
            return Hop()
        if name:
            pairs[name] = found[2] or re.sub(r"\\(.)", r"\1", found[3] or "")
        at = found.end()
    return Hop(_node(pairs.get("for", "")), _scheme(pairs.get("proto", "")), _host(pairs.get("host", "")))


def _split(text: str) -> list[str]:
    return [each.strip() for each in text.split(",")] if text else []


def _node(text: str) -> str:
    """Return the address of a node, its port and brackets dropped; "" for "unknown", a pseudonym or nonsense."""
    found = _NODE.fullmatch(text)
    if found is None:
        return ""
    address = _address(found["six"] or found["four"] or found["bare"])
    return "" if address is None else str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an address; an IPv4 one that a dual-stack socket shows as IPv6 becomes itself again."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _scheme(text: str) -> str:
    return text.lower() if text.lower() in ("http", "https") else ""


def _host(text: str) -> str:
    return text if _HOST.fullmatch(text) else ""


def _remove(environ: Environ, names: Iterable[str]) -> None:
    for name in names:
        environ.pop(name, None)
