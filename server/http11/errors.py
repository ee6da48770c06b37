"""Protocol errors: each class carries the status that answers it.

ProtocolError
├── BadRequest               400
│   ├── BadRequestLine           the line is not `method SP target SP version`
│   ├── BadTarget                the target has a wrong form, character or percent-coding
│   ├── BadField                 a field line breaks the grammar, or must not be repeated
│   ├── BadHost                  missing, repeated or invalid
│   ├── BadFraming               two readers could disagree on where the body ends
│   └── BadChunk                 a chunk, its extension or its trailer section breaks the grammar
├── RequestTimeout           408
├── ContentTooLarge          413
├── TargetTooLong            414
├── ExpectationFailed        417
├── Misdirected              421  https is asked for where there is no TLS
├── FieldsTooLarge           431
├── NotImplementedHere       501  a transfer coding or method that this server does not know
├── SpoolFailed              503  the request body found no room
├── TooManyConnections       503  the client came when all connections were taken
└── VersionNotSupported      505
ResponseError                     the application broke the rules of a response (it is told by a 500)
"""

from http import HTTPStatus


class ProtocolError(Exception):
    """The client broke the protocol; `status` answers it and the connection is closed."""

    status = HTTPStatus.BAD_REQUEST


class BadRequest(ProtocolError):
    """The message breaks the grammar."""


class BadRequestLine(BadRequest):
    """The first line is not `method SP request-target SP HTTP-version` (RFC 9112 §3)."""


class BadTarget(BadRequest):
    """The request target has a form, a character or a percent-coding that is not allowed (RFC 9112 §3.2)."""


class BadField(BadRequest):
    """A field line is malformed, or a field that may stand once is repeated (RFC 9112 §5)."""


class BadHost(BadRequest):
    """`Host` is missing, repeated or not a host (RFC 9112 §3.2)."""


class BadFraming(BadRequest):
    """The length of the body is stated wrongly or twice (RFC 9112 §6)."""


class BadChunk(BadRequest):
    """The chunked coding is malformed (RFC 9112 §7.1)."""


class RequestTimeout(ProtocolError):
    """The rest of a request did not come in time (RFC 9110 §15.5.9)."""

    status = HTTPStatus.REQUEST_TIMEOUT


class ContentTooLarge(ProtocolError):
    """The body is longer than this server takes (RFC 9110 §15.5.14)."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class TargetTooLong(ProtocolError):
    """The request line is longer than this server takes (RFC 9112 §3)."""

    status = HTTPStatus.REQUEST_URI_TOO_LONG


class ExpectationFailed(ProtocolError):
    """The request expects something other than `100-continue` (RFC 9110 §10.1.1)."""

    status = HTTPStatus.EXPECTATION_FAILED


class Misdirected(ProtocolError):
    """The target is one of https, and the connection has no TLS (RFC 9110 §7.4)."""

    status = HTTPStatus.MISDIRECTED_REQUEST


class FieldsTooLarge(ProtocolError):
    """The fields are too many or too long (RFC 6585 §5)."""

    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class NotImplementedHere(ProtocolError):
    """A transfer coding or a method that this server does not know (RFC 9112 §6.1)."""

    status = HTTPStatus.NOT_IMPLEMENTED


class SpoolFailed(ProtocolError):
    """The request body could not be kept: the disk is full, say."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class TooManyConnections(ProtocolError):
    """All connections of the worker are taken."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class VersionNotSupported(ProtocolError):
    """The version is neither HTTP/1.0 nor HTTP/1.1 (RFC 9110 §15.6.6)."""

    status = HTTPStatus.HTTP_VERSION_NOT_SUPPORTED


class ResponseError(Exception):
    """The application's response breaks HTTP or PEP 3333; sending it would mislead the client."""
