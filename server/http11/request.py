"""The head of a request, parsed."""


class Section:
    """A field section, parsed and checked, but for its cookie: requests that repeat it share it, so never change it.

    Args:
        fields: values by the meta-variable that RFC 3875 §4.1.18 gives a field (`HTTP_ACCEPT_LANGUAGE`,
            `CONTENT_TYPE`): field names are case-insensitive, so they need one canonical spelling, and this one is what
            WSGI asks for in the end. Values are Latin-1; those of repeated fields are joined by ", " (RFC 9110 §5.3).
        count: its lines, those that were dropped included.
        content_length: octets of body that follow the head, 0 when there is none or it is chunked.
        chunked: whether a body in chunked coding follows the head.
        keep_alive: whether the client lets the connection go on after this exchange (RFC 9112 §9.3).
        expect_continue: whether the client waits for a 100 before it sends the body (RFC 9110 §10.1.1).
    """

    __slots__ = ("chunked", "content_length", "count", "expect_continue", "fields", "keep_alive", "repeats")

    def __init__(
        self,
        fields: dict[str, str],
        count: int = 0,
        *,
        content_length: int = 0,
        chunked: bool = False,
        keep_alive: bool = True,
        expect_continue: bool = False,
    ) -> None:
        self.fields = fields
        self.count = count
        self.content_length = content_length
        self.chunked = chunked
        self.keep_alive = keep_alive
        self.expect_continue = expect_continue
        self.repeats = False
        """Whether it is remembered: then what is made of it is worth remembering, too."""


class Request:
    """A request's head, every rule of RFC 9112 already checked. Equal requests may share it: never change it.

    Args:
        method: as sent; methods are case-sensitive.
        target: the request target as sent, percent-coding and all.
        path: the target's path, still percent-coded; "" for the asterisk-form.
        query: the target's query without the "?", still percent-coded; "" when there is none.
        version: "HTTP/1.0" or "HTTP/1.1".
        section: the fields, and what they say of the body and the connection.
        cookie: the Cookie field, apart from all others, since it differs where they repeat. None when there is none,
            or when several had to be joined (by "; ", RFC 6265 §5.4): these are among `section.fields` then.
    """

    __slots__ = ("cookie", "method", "path", "query", "section", "target", "version")

    def __init__(
        self, method: str, target: str, path: str, query: str, version: str, section: Section, cookie: str | None
    ) -> None:
        self.method = method
        self.target = target
        self.path = path
        self.query = query
        self.version = version
        self.section = section
        self.cookie = cookie
