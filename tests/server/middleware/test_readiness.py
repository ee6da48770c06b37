"""The readiness probe while the server drains."""

from server.middleware.readiness import Readiness
from tests.server.middleware.calling import call, echo, environ_of


def test_the_probe_is_the_applications_until_the_server_drains() -> None:
    """Then it is a 503 that no cache keeps; every other path is served as before."""
    draining = False
    app = Readiness(echo({}), "/readyz", lambda: draining)
    assert call(app, environ_of("/readyz")).status == 200
    draining = True
    status, fields, body = call(app, environ_of("/readyz"))
    assert (status, body, fields["Cache-Control"]) == (503, b"draining\n", "no-store")
    assert call(app, environ_of("/other")).body == b"the application"
