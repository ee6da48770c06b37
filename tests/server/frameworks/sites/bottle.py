"""A Bottle application."""

import io
from collections.abc import Iterator

from bottle import Bottle, request, response

app = Bottle()


@app.get("/")
def index() -> str:
    """Count the visits in a cookie."""
    visits = int(request.get_cookie("visits", secret="only for the tests") or 0) + 1
    response.set_cookie("visits", str(visits), secret="only for the tests")
    return f"visit {visits}"


@app.get("/hello/<name>")
def hello(name: str) -> str:
    """Greet, as the query asks."""
    return f"{request.query.greeting or 'hello'} {name}"


@app.post("/form")
def form() -> str:
    """Tell what a form or a file holds."""
    if "upload" in request.files:
        return str(len(request.files["upload"].file.read()))
    return request.forms.note


@app.get("/stream")
def stream() -> Iterator[str]:
    """Stream lines."""
    for number in range(3):
        yield f"{request.query.word} {number}\n"


@app.get("/file")
def file() -> io.BytesIO:
    """Send a file by the server's file wrapper."""
    return io.BytesIO(b"file" * 1000)


@app.get("/boom")
def boom() -> str:
    """Fail."""
    raise RuntimeError("boom")
