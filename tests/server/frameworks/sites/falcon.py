"""A Falcon application."""

import io
from collections.abc import Iterator

import falcon
from falcon import Request, Response


class Index:
    """Count the visits in a cookie."""

    def on_get(self, request: Request, response: Response) -> None:
        """Answer."""
        visits = int(request.cookies.get("visits", 0)) + 1
        response.set_cookie("visits", str(visits), secure=False)
        response.text = f"visit {visits}"


class Hello:
    """Greet, as the query asks."""

    def on_get(self, request: Request, response: Response, name: str) -> None:
        """Answer."""
        response.text = f"{request.get_param('greeting', default='hello')} {name}"


class Form:
    """Tell what a form or a file holds."""

    def on_post(self, request: Request, response: Response) -> None:
        """Answer."""
        media = request.get_media()
        if isinstance(media, dict):
            response.text = media["note"]
        else:
            response.text = str(sum(len(part.stream.read()) for part in media))


class Stream:
    """Stream lines."""

    def on_get(self, request: Request, response: Response) -> None:
        """Answer."""

        def lines() -> Iterator[bytes]:
            for number in range(3):
                yield f"{request.get_param('word')} {number}\n".encode()

        response.stream = lines()


class File:
    """Send a file by the server's file wrapper."""

    def on_get(self, _request: Request, response: Response) -> None:
        """Answer."""
        response.stream = io.BytesIO(b"file" * 1000)


class Boom:
    """Fail."""

    def on_get(self, _request: Request, _response: Response) -> None:
        """Fail."""
        raise RuntimeError("boom")


app = falcon.App()
app.add_route("/", Index())
app.add_route("/hello/{name}", Hello())
app.add_route("/form", Form())
app.add_route("/stream", Stream())
app.add_route("/file", File())
app.add_route("/boom", Boom())
