"""Unsafe requests from other origins are refused."""

from __future__ import annotations

import pytest

from framework import App, Request

app = App("csrf", trusted_origins=["https://admin.example.com"])


@app.route("/", methods=["GET", "POST", "DELETE"])
def home(request: Request) -> str:
    """Answer anything."""
    return request.method


@app.post("/webhook", csrf=False)
def webhook(request: Request) -> str:
    """Answer machines."""
    return "taken"


@pytest.mark.parametrize(
    "fields",
    [
        {},  # no browser
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://example.com"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://example.com"},
        {"Origin": "http://EXAMPLE.com"},  # a proxy may have taken TLS off
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://admin.example.com"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_allowed(method: str, fields: dict[str, str]) -> None:
    """Our own pages, trusted ones and programs may change things."""
    answer = app.test_client().request(method, "https://example.com/", headers=fields)
    assert (answer.status, answer.text) == (200, method)


FORGED = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://other.example.com"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://example.com"},
    {"Sec-Fetch-Site": "nonsense"},
    {"Origin": "https://evil.example"},
    {"Origin": "https://example.com:8443"},
    {"Origin": "https://example.com.evil.example"},
    {"Origin": "null"},
    {"Origin": "https://[::1"},
    {"Origin": "example.com"},
]


@pytest.mark.parametrize("fields", FORGED)
def test_refused(fields: dict[str, str]) -> None:
    """A page of another origin, port or sandbox is refused, and the handler not called."""
    answer = app.test_client().post("https://example.com/", headers=fields)
    assert answer.status == 403
    assert "another site" in answer.text


@pytest.mark.parametrize("fields", FORGED)
def test_not_checked(fields: dict[str, str]) -> None:
    """Safe methods are for everybody, and a route may opt out."""
    client = app.test_client()
    assert client.get("https://example.com/", headers=fields).status == 200
    assert client.post("https://example.com/webhook", headers=fields).text == "taken"
