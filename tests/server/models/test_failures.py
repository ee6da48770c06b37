"""Applications that fail: the client can tell, and nobody else notices."""

import pytest

from tests.server.models.harness import Site


@pytest.mark.parametrize("path", ["/fail", "/leave"])
def test_before_the_head(site: Site, path: str) -> None:
    """An exception, or an exit, becomes a 500; the server and, if the model affords it, the connection go on."""
    with site.connect() as client:
        client.ask(path)
        assert client.answer().status == 500
        if site.traits.keep_alive:
            client.ask("/hello")
            assert client.answer().body == b"hello\n"
    assert site.fetch("/hello").status == 200


@pytest.mark.parametrize("path", ["/fail_late", "/fail_late?length"])
def test_after_the_head(site: Site, path: str) -> None:
    """The response breaks off, so that nobody takes a part of it for the whole."""
    with site.connect() as client:
        client.ask(path)
        with pytest.raises(EOFError):
            client.answer()
    assert site.fetch("/hello").status == 200


def test_after_the_head_without_framing(site: Site) -> None:
    """Where the end of the connection would be the end of the body, it is a reset instead."""
    with site.connect() as client:
        client.ask("/fail_late", version="1.0")
        with pytest.raises(ConnectionResetError):
            client.answer()
