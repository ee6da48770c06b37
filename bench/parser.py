#!/usr/bin/env python3
"""What a head costs to parse, in process: a browser's whose fields repeat, and one in which every line differs.

The first is what connections send; the second finds nothing that the parser remembers. Quickest of the rounds.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from server.http11.reader import Limits, parse_head

LINES = (
    "GET /stock/{0:06d}.html?page={0}&sort=change HTTP/1.1",
    "Host: 127.0.0.1:8000",
    "Connection: keep-alive",
    "Cache-Control: max-age=0{1}",
    "Upgrade-Insecure-Requests: 1{1}",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36{1}",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8{1}",
    "Sec-Fetch-Site: same-origin{1}",
    "Sec-Fetch-Mode: navigate{1}",
    "Referer: http://127.0.0.1/index.html{1}",
    "Accept-Encoding: gzip, deflate, br, zstd{1}",
    "Accept-Language: zh-CN,zh;q=0.9,en;q=0.8{1}",
    "Cookie: session={0:016x}; theme=dark",
)
ROUNDS, HEADS = 12, 2000


def micros(first: int, *, differ: bool) -> float:
    """Return the CPU µs of a head, of `HEADS` that were never seen before."""
    numbers = range(first, first + HEADS)
    heads = ["\r\n".join(LINES).format(n, f"-{n}" if differ else "").encode() for n in numbers]
    limits = Limits()
    start = time.process_time()
    for head in heads:
        parse_head(head, limits)
    return (time.process_time() - start) / HEADS * 1e6


if __name__ == "__main__":
    for name, differ in (("URL and cookie differ", False), ("every line differs", True)):
        print(f"{name:22} {min(micros(turn * HEADS, differ=differ) for turn in range(ROUNDS)):5.1f} µs a head")
