"""What the first view of a page costs on the wire, as nginx sends it."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest

import app

if TYPE_CHECKING:
    from tests.app.site import Site

LIMIT = 100_000  # bytes
LEVEL = 5  # nginx's, in deploy/nginx/nginx.conf


@pytest.mark.parametrize("path", ["/index.html", "/stock/000007.html", "/center.html", "/update/000007.html"])
def test_first_view(site: Site, path: str) -> None:
    """A page with its styles and scripts, and the data that these ask for, weighs 100 kB at most."""
    client = site.visitor("000007")
    page = client.get(path).text
    addresses = re.findall(r'(?:href|src)="(/static/[^"?]+)', page)
    assert addresses
    parts = [page.encode(), *((app.ROOT / address[1:]).read_bytes() for address in addresses)]
    parts += [client.get(address).body for address in ("/marks.css", "/bars/000007.json", "/mine/000007.json")]
    fields = 500 * len(parts)  # each answer's head, generously
    assert sum(len(gzip.compress(part, LEVEL)) for part in parts) + fields <= LIMIT
