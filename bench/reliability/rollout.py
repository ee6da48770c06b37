"""SIGHUP and SIGTERM under keep-alive load: no request that was sent whole is left without an answer."""

from __future__ import annotations

import asyncio
import collections
import os
import signal
from functools import partial

from apps import HELLO
from harness.peers import ours
from harness.processes import HOST, Server

from reliability.outcome import Outcome

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
CLIENTS = 50
OTHER_MODELS = [
    "iterative",
    "process",
    "fork",
    "process_pool",
    "thread",
    "thread_pool",
    "polling",
    "epoll",
    "epoll_edge",
]


class Counter:
    """What became of the requests."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.sent = 0
        self.ends: collections.Counter[str] = collections.Counter()
        self.phase = "before any signal"

    @property
    def is_done(self) -> bool:
        """Whether all requests have been sent."""
        return self.sent >= self.total


def check(total: int = 100_000, signals: int = 10) -> Outcome:
    """Send the requests while the server gets SIGHUP five times, then SIGTERM, each time started anew, five times."""
    with Server(partial(ours, app="apps:trials")) as server:
        counter, codes = asyncio.run(_load(server, total, signals))
    lost = {end: count for end, count in counter.ends.items() if end != "answered"}
    claims = {
        "every request that was sent whole is answered": not lost,
        "every SIGTERM ends with exit code 0": set(codes) == {0},
    }
    return Outcome(
        "rollout under load", claims, {"requests": counter.sent, "ends": dict(counter.ends), "exit codes": codes}
    )


def check_models(total: int = 2_000, signals: int = 6) -> Outcome:
    """Do the same with fewer requests under every other model; most of them end a connection after each answer."""
    lost, sent, codes = {}, 0, set()
    for model in OTHER_MODELS:
        with Server(partial(ours, app="apps:trials", model=model)) as server:
            counter, ends = asyncio.run(_load(server, total, signals))
        sent += counter.sent
        codes |= {*ends}
        lost |= {f"{model}, {end}": count for end, count in counter.ends.items() if end != "answered"}
    claims = {
        "every request that was sent whole is answered": not lost,
        "every SIGTERM ends with exit code 0": codes == {0},
    }
    return Outcome("rollout of the other models", claims, {"requests": sent, "lost": lost, "exit codes": [*codes]})


async def _load(server: Server, total: int, signals: int) -> tuple[Counter, list[int | None]]:
    counter = Counter(total)
    clients = [asyncio.create_task(_client(server.port, counter)) for _ in range(CLIENTS)]
    codes: list[int | None] = []
    for turn in range(signals):
        await _until(counter, total * (turn + 1) // (signals + 1))
        if turn < signals // 2:
            counter.phase = "SIGHUP"
            os.kill(server.pid, signal.SIGHUP)
        else:
            counter.phase = "SIGTERM"
            codes.append(await asyncio.to_thread(server.stop, 30))
            await asyncio.to_thread(server.start)
    await asyncio.gather(*clients)
    return counter, codes


async def _until(counter: Counter, sent: int) -> None:
    while counter.sent < sent:  # noqa: ASYNC110 - an Event would cost the load something for every request
        await asyncio.sleep(0.005)


async def _client(port: int, counter: Counter) -> None:
    """Send one request after another; a connection that ends after an answer is opened again."""
    while not counter.is_done:
        try:
            reader, writer = await asyncio.open_connection(HOST, port)
        except OSError:  # nobody listens: nothing was sent
            await asyncio.sleep(0.02)
            continue
        is_first = True
        while await _exchange(reader, writer, counter, is_first=is_first):
            is_first = False
        writer.close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counter: Counter, *, is_first: bool
) -> bool:
    """Send one request and read its answer; return whether the connection goes on."""
    if counter.is_done or reader.at_eof():  # or the server has said its goodbye already: nothing is sent
        return False
    counter.sent += 1
    try:
        writer.write(REQUEST)
        await writer.drain()
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        await asyncio.wait_for(reader.readexactly(len(HELLO)), 20)
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
        which = "first" if is_first else "later"
        counter.ends[f"{counter.phase}: {type(error).__name__} at the {which} request of a connection"] += 1
        return False
    counter.ends["answered" if head.startswith(b"HTTP/1.1 200 ") else head[9:12].decode()] += 1
    return b"\r\nConnection: close\r\n" not in head
