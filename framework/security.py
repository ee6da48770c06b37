"""Safety by default: header fields that confine a page, and the hosts that an application answers for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from framework.headers import checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from framework.headers import Field

FORWARDED = "minnow.forwarded"  # the environ's key: what proxies say was read or removed before we were called
_PROXIED = ("HTTP_X_FORWARDED", "HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP", FORWARDED)
# Browsers take "//host", "/\\host" and "scheme:" elsewhere, and drop white space in front and tabs anywhere.
_ON_THIS_HOST = re.compile(r"(?!//|[A-Za-z][A-Za-z0-9+.-]*:)[^\\\x00-\x20\x7f][^\\\x00-\x1f\x7f]*").fullmatch
FIELDS: Mapping[str, str] = {
    # Everything from this host alone, nothing inline, no plug-ins, no frame around the page.
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
}


def security_fields(changes: Mapping[str, str | None]) -> dict[str, Field]:
    """Return the fields with an application's changes: a value replaces one, None drops it."""
    named = {name.lower(): (name, value) for fields in (FIELDS, changes) for name, value in fields.items()}
    return {key: checked(name, value) for key, (name, value) in named.items() if value is not None}


def stays_on_this_host(url: str) -> bool:
    """Tell whether browsers take an address for one on the host that it came from."""
    return _ON_THIS_HOST(url) is not None


def host_is_trusted(host: str, trusted: Iterable[str]) -> bool:
    """Tell whether ``host``, with or without a port, is listed; ``.example.com`` stands for all hosts below it too."""
    name = bare_host(host)
    return any(name == entry.lstrip(".") or (entry.startswith(".") and name.endswith(entry)) for entry in trusted)


def bare_host(host: str) -> str:
    """Return a host in lower case, without port and without the brackets of an IPv6 address."""
    host = host.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def from_this_machine(environ: Mapping[str, Any]) -> bool:
    """Tell whether a developer at this very machine is asking, so that a traceback may be shown.

    A proxy on this machine asks in others' names. It gives itself away by its forwarding fields (``FORWARDED`` stands
    for those that were removed on the way), by the Host, or by HTTP/1.0, which no browser speaks. Several workers are
    no developer's server either.
    """
    deployed = environ.get("wsgi.multiprocess") or environ.get("SERVER_PROTOCOL") == "HTTP/1.0"
    hosts = (environ.get("REMOTE_ADDR", ""), bare_host(environ.get("HTTP_HOST", "")))
    return not deployed and not any(key.startswith(_PROXIED) for key in environ) and all(map(_is_loopback, hosts))


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415 - debug mode alone needs it

    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
