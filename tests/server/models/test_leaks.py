"""A thousand connections of all kinds leave nothing behind."""

from tests.server.models.client import Client
from tests.server.models.harness import Site, belongings
from tests.server.running import eventually

CONNECTIONS = 1000


def _whole(client: Client) -> None:
    client.ask("/hello", "GET", "Connection: close")
    client.answer()


def _left_in_head(client: Client) -> None:
    client.send(b"GET /hello HT")
    client.reset()


def _left_in_body(client: Client) -> None:
    client.ask("/echo", "POST", "Content-Length: 10")
    client.send(b"hello")


def _left_in_response(client: Client) -> None:
    client.ask("/large")
    client.read(100)
    client.reset()


def _refused(client: Client) -> None:
    client.send(b"NO REQUEST\r\n\r\n")
    client.answer()


KINDS = (_whole, _left_in_head, _whole, _left_in_body, _whole, _left_in_response, _whole, _refused)


def test_nothing_is_left(site: Site) -> None:
    """No descriptor, thread, child or zombie is left of a thousand clients, half of whom vanished."""
    for number in range(CONNECTIONS):
        with site.connect() as client:
            KINDS[number % len(KINDS)](client)
    eventually(lambda: belongings(site.worker) == site.at_rest, "all to be given back", site.at_rest)
