"""A Flask application, as its tutorial has it."""

import io
from collections.abc import Iterator

from flask import Flask, Response, request, send_file, session, stream_with_context

app = Flask(__name__)
app.secret_key = "only for the tests"


@app.get("/")
def index() -> Response:
    """Count the visits in a cookie."""
    session["visits"] = session.get("visits", 0) + 1
    return Response(f"visit {session['visits']}", mimetype="text/plain")


@app.get("/hello/<name>")
def hello(name: str) -> str:
    """Greet, as the query asks."""
    return f"{request.args.get('greeting', 'hello')} {name}"


@app.post("/form")
def form() -> str:
    """Tell what a form or a file holds."""
    if "upload" in request.files:
        return str(len(request.files["upload"].read()))
    return request.form["note"]


@app.get("/stream")
def stream() -> Response:
    """Stream lines that need the request while they are made."""

    def lines() -> Iterator[str]:
        for number in range(3):
            yield f"{request.args['word']} {number}\n"

    return Response(stream_with_context(lines()), mimetype="text/plain")


@app.get("/file")
def file() -> Response:
    """Send a file by the server's file wrapper."""
    return send_file(io.BytesIO(b"file" * 1000), mimetype="application/octet-stream")


@app.get("/boom")
def boom() -> str:
    """Fail."""
    raise RuntimeError("boom")
