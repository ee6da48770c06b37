"""Believe what trusted proxies say of their clients, and nobody else.

Anybody can send `X-Forwarded-For`. Only the peer of the connection is certain, so only a peer that the operator named
may speak for others; from everyone else these fields are removed before the application could be fooled. Nor does every
proxy set every field: nginx passes on a client's own `Forwarded` untouched. So only the `fields` that the operator's
proxy does set are read.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, NamedTuple

from server.environ import Environ
from server.values import Network
from server.wsgi import WSGIApplication

X_FORWARDED = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host")
"""What most proxies are set up to send."""
FORWARDED = "forwarded"
"""The standard's own field (RFC 7239)."""

_READ = frozenset({"HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED"})
_POSING = _READ | {
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTOCOL",
    "HTTP_X_FORWARDED_SCHEME",
    "HTTP_X_FORWARDED_SSL",
    "HTTP_X_REAL_IP",
}
"""What applications believe a proxy by; most are not read here, but an untrusted peer may not send them either."""

SPOKEN_FOR = "minnow.forwarded"
"""The environ's key that tells the application that there were such fields, read or removed."""

_MEMORABLE = 256
"""Length of fields up to which their reading is remembered: what strangers send must not fill the memory."""

_NODE = re.compile(
    r"\[(?P<six>[\da-fA-F:.]+)\](?::\d{1,5})?|(?P<four>[\d.]+)(?::\d{1,5})?|(?P<bare>[\da-fA-F:.]+)", re.ASCII
)
_HOST = re.compile(r"(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?", re.ASCII)
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
        if not environ.keys().isdisjoint(_POSING):
            environ[SPOKEN_FOR] = True
            self._apply(environ)
        return self._app(environ, start_response)

    def _apply(self, environ: Environ) -> None:
        peer = environ["REMOTE_ADDR"]
        if not self._chain.trusts(peer):
            _remove(environ, _POSING)
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
        hops = _hops(dict(zip(self._names, given, strict=True)))
        chosen = hops[0] if hops else Hop()
        for hop in reversed(hops):
            chosen = hop
            if not (hop.client and self.trusts(hop.client)):
                break
        return chosen

    def address(self, peer: str, fields: Mapping[str, str]) -> str:
        """Return the address of the client, for a log: the peer's own when no trusted proxy says otherwise."""
        return self.client(peer, fields).client or peer

    def _trusts(self, peer: str) -> bool:
        if not peer:
            return self._trusts_unix
        address = _address(peer)
        return address is not None and any(address in network for network in self._networks)


def _hops(given: Mapping[str, str]) -> list[Hop]:
    """List the hops in the order of their fields: the last was added by our own peer."""
    if given.get("HTTP_FORWARDED"):
        return parse_forwarded(given["HTTP_FORWARDED"])
    clients = [_node(each) for each in _split(given.get("HTTP_X_FORWARDED_FOR", ""))]
    schemes = [_scheme(each) for each in _split(given.get("HTTP_X_FORWARDED_PROTO", ""))]
    hosts = [_host(each) for each in _split(given.get("HTTP_X_FORWARDED_HOST", ""))]
    count = max(1, len(clients))
    padded = zip(clients or [""], _aligned(schemes, count), _aligned(hosts, count), strict=True)
    return [Hop(*each) for each in padded]


def _aligned(values: list[str], count: int) -> list[str]:
    """Give each hop its value; where proxies did not all add one, the last alone is certain and holds for all."""
    return values if len(values) == count else [values[-1] if values else ""] * count


def parse_forwarded(text: str) -> list[Hop]:
    """Parse a `Forwarded` field (RFC 7239 §4); a hop that is malformed, or has a comma in quotes, tells nothing.

    Commas are looked for in quotes, too: a client that opens some must not take in what our own proxies add behind it.
    """
    return [_element(each) for each in text.split(",") if each.strip()]


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
