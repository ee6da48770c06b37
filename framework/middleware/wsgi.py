"""What the middleware share: types, short answers and addresses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Environ = dict[str, Any]
    StartResponse = Callable[..., Any]
    WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]
    Fields = list[tuple[str, str]]
    Address = IPv4Address | IPv6Address


def answer(start_response: StartResponse, status: str, fields: Fields | None = None) -> list[bytes]:
    """Answer with a status line and its text."""
    body = f"{status}\n".encode()
    own = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response(status, [*own, *(fields or [])])
    return [body]


def edit_fields(start_response: StartResponse, edit: Callable[[str, Fields], Fields]) -> StartResponse:
    """Return a ``start_response`` that passes status and fields through ``edit`` first."""

    def start(status: str, fields: Fields, exc_info: Any = None) -> Any:
        return start_response(status, edit(status, fields), exc_info)

    return start


def parse_address(text: str) -> Address | None:
    """Return an IP address, None if it is none; an IPv4 address in IPv6 clothes becomes itself again."""
    try:
        address = ip_address(text.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


class Networks:
    """Hold a list of networks, such as ``10.0.0.0/8``, ``2001:db8::/32`` or a single address."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ip_network(network, strict=True) for network in networks]

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def client_network(environ: Environ) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 network that an IPv6 client has for itself."""
    text: str = environ.get("REMOTE_ADDR", "")
    address = parse_address(text)
    return str(IPv6Network((address, 64), strict=False)) if isinstance(address, IPv6Address) else text
