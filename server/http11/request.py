"""The head of a request, parsed."""

from typing import NamedTuple


class Request(NamedTuple):
    """A request's head, every rule of RFC 9112 already checked.

    `fields` is keyed by the meta-variable that RFC 3875 §4.1.18 gives a field (`HTTP_ACCEPT_LANGUAGE`,
    `CONTENT_TYPE`): field names are case-insensitive, so they need one canonical spelling, and this one is what
    WSGI asks for in the end. Repeated fields are joined by ", " (RFC 9110 §5.3), cookies by "; " (RFC 6265 §5.4).
    It is shared between equal requests: copy it, never change it.
    """

    method: str
    """The method as sent; methods are case-sensitive."""
    target: str
    """The request target as sent, percent-coding and all."""
    path: str
    """The target's path, still percent-coded; "" for the asterisk-form."""
    query: str
    """The target's query without the "?", still percent-coded; "" when there is none."""
    version: str
    """"HTTP/1.0" or "HTTP/1.1"."""
    fields: dict[str, str]
    """Field values by meta-variable name; values are Latin-1."""
    content_length: int
    """Octets of body that follow the head, 0 when there is none or it is chunked."""
    chunked: bool
    """Whether a body in chunked coding follows the head."""
    keep_alive: bool
    """Whether the client lets the connection go on after this exchange (RFC 9112 §9.3)."""
    expect_continue: bool
    """Whether the client waits for a 100 before it sends the body (RFC 9110 §10.1.1)."""
