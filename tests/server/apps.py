"""Small WSGI applications for the tests of the server."""

from collections.abc import Callable, Iterable, Iterator

from server.wsgi import Environ, WSGIApplication

Start = Callable[..., Callable[[bytes], None]]


def respond(
    body: Iterable[bytes] | Callable[[], Iterable[bytes]], *headers: tuple[str, str], status: str = "200 OK"
) -> WSGIApplication:
    """Make an application that always answers this."""

    def app(environ: Environ, start_response: Start) -> Iterable[bytes]:
        start_response(status, list(headers))
        return body() if callable(body) else body

    return app


def stream(*blocks: bytes) -> Callable[[], Iterator[bytes]]:
    """Make a body whose length nobody knows."""
    return lambda: iter(blocks)


class Closing:
    """An iterable with a close() that is counted."""

    def __init__(self, *blocks: bytes | BaseException) -> None:
        self.blocks = blocks
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self.blocks:
            if isinstance(block, BaseException):
                raise block
            yield block

    def close(self) -> None:
        """Count."""
        self.closed += 1
