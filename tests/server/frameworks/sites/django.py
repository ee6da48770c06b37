"""A Django project in one file."""

import io
from collections.abc import Iterator

from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for the tests",
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware"],
    LOGGING_CONFIG=None,
)

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django has to be configured first
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse  # noqa: E402
from django.urls import path  # noqa: E402


def index(request: HttpRequest) -> HttpResponse:
    """Count the visits in a cookie."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(f"visit {request.session['visits']}")


def hello(request: HttpRequest, name: str) -> HttpResponse:
    """Greet, as the query asks."""
    return HttpResponse(f"{request.GET.get('greeting', 'hello')} {name}")


def form(request: HttpRequest) -> HttpResponse:
    """Tell what a form or a file holds."""
    if "upload" in request.FILES:
        return HttpResponse(str(len(request.FILES["upload"].read())))
    return HttpResponse(request.POST["note"])


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Stream lines."""

    def lines() -> Iterator[str]:
        for number in range(3):
            yield f"{request.GET['word']} {number}\n"

    return StreamingHttpResponse(lines())


def file(_request: HttpRequest) -> FileResponse:
    """Send a file by the server's file wrapper."""
    return FileResponse(io.BytesIO(b"file" * 1000))


def boom(_request: HttpRequest) -> HttpResponse:
    """Fail."""
    raise RuntimeError("boom")


urlpatterns = [
    path("", index),
    path("hello/<name>", hello),
    path("form", form),
    path("stream", stream),
    path("file", file),
    path("boom", boom),
]
app = get_wsgi_application()
