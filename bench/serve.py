"""Serve `apps:hello` by a peer that has no command line of its own: `python bench/serve.py PEER PORT`."""

from __future__ import annotations

import argparse
import contextlib
import socket

from apps import HELLO, hello

HOST = "127.0.0.1"
REST = b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(HELLO), HELLO)
ANSWER = b"HTTP/1.1 200 OK\r\n" + REST
LAST_ANSWER = b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + REST


def pywsgi(port: int) -> None:
    """Serve by gevent's own WSGI server."""
    from gevent import monkey  # noqa: PLC0415 - each peer loads its own library and no other

    monkey.patch_all()
    from gevent.pywsgi import WSGIServer  # noqa: PLC0415

    WSGIServer((HOST, port), hello, log=None).serve_forever()


def waitress(port: int) -> None:
    """Serve by waitress, with as many connections as the idle measurements need."""
    import waitress as library  # noqa: PLC0415

    library.serve(hello, host=HOST, port=port, connection_limit=12000, channel_timeout=300, asyncore_use_poll=True)


def cheroot(port: int) -> None:
    """Serve by cheroot with its ten threads."""
    from cheroot.wsgi import Server  # noqa: PLC0415

    Server((HOST, port), hello, request_queue_size=1024).start()


def bjoern(port: int) -> None:
    """Serve by bjoern."""
    import bjoern as library  # noqa: PLC0415

    library.run(hello, HOST, port)


def limit(port: int) -> None:
    """Answer fixed bytes from a watcher of gevent's loop: what no server on gevent can be faster than."""
    import gevent  # noqa: PLC0415

    loop = gevent.get_hub().loop
    listener = socket.create_server((HOST, port), backlog=2048)
    listener.setblocking(False)
    watchers = {}

    def close(client: socket.socket) -> None:
        watcher = watchers.pop(client)
        watcher.stop()
        watcher.close()
        client.close()

    def answer(client: socket.socket) -> None:
        try:
            received = client.recv(65536)
            last = b"Connection: close" in received
            if received:
                client.send(LAST_ANSWER if last else ANSWER)
        except OSError:
            last = True
        if last or not received:
            close(client)

    def accept() -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                client, _ = listener.accept()
                client.setblocking(False)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                watchers[client] = loop.io(client.fileno(), 1)
                watchers[client].start(answer, client)

    watcher = loop.io(listener.fileno(), 1)
    watcher.start(accept)
    gevent.get_hub().join()


PEERS = {serve.__name__: serve for serve in (pywsgi, waitress, cheroot, bjoern, limit)}


def main() -> None:
    """Serve by the peer that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    PEERS[options.peer](options.port)


if __name__ == "__main__":
    main()
