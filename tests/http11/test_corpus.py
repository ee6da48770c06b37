"""Every rule of the corpus, however its bytes are cut."""

from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from server.session import Act, Want
from tests.http11.corpus import CUTS, INVALID, NEXT, ROOT, VALID, Cut, Invalid, Valid
from tests.server.sansio import Call, Client, answers, split


def _by_name(case: Valid | Invalid | Cut) -> str:
    return case.name


every_cut = pytest.mark.parametrize("cut", CUTS, ids=_by_name)


def _seen(call: Call) -> dict[str, Any]:
    """Tell what the application saw in the words of the corpus."""
    environ = call.environ
    assert environ["RAW_URI"] == environ["REQUEST_URI"]
    return {
        "method": environ["REQUEST_METHOD"],
        "target": environ["REQUEST_URI"],
        "path": environ["PATH_INFO"],
        "query": environ["QUERY_STRING"],
        "version": environ["SERVER_PROTOCOL"],
        "body": call.body.decode(),
        "fields": {name: text for name, text in environ.items() if name.startswith(("HTTP_", "CONTENT_"))},
    }


def _expected(request: dict[str, Any]) -> dict[str, Any]:
    """Tell what the application must see: PATH_INFO is the path, decoded to octets."""
    expected = {"fields": {}} | request | {"path": unquote_to_bytes(request["path"]).decode("latin-1")}
    del expected["keep_alive"]
    return expected


def test_every_file_has_its_partner() -> None:
    """No bytes without an expectation, no expectation without bytes, and none of them empty."""
    for kind in ("valid", "invalid"):
        bytes_of, expectations = ({path.stem for path in (ROOT / kind).glob(f"*.{ext}")} for ext in ("http", "toml"))
        assert bytes_of == expectations
    assert len(VALID) > 50
    assert len(INVALID) > 150


@every_cut
@pytest.mark.parametrize("case", VALID, ids=_by_name)
def test_valid(case: Valid, cut: Cut) -> None:
    """The application sees these requests and no others, each as the rule has it."""
    client = Client(**case.settings).send(*cut(case.data))
    goes_on = case.request[-1]["keep_alive"]
    seen = [_seen(call) for call in client.echo.calls]
    if goes_on and cut.trailing:
        assert seen.pop()["target"] == "/trailing"
    assert seen == [_expected(each) for each in case.request]
    assert client.error is None
    assert (client.wants is Want.REQUEST) == goes_on
    client.finish()
    assert [record.status for record in client.records] == [200] * len(client.echo.calls)


@every_cut
@pytest.mark.parametrize("case", INVALID, ids=_by_name)
def test_invalid(case: Invalid, cut: Cut) -> None:
    """A malformed request never reaches the application: the status of its error answers it, and that is the end."""
    if case.ends:
        cut = replace(cut, trailing=b"")
    client = Client(**case.settings).send(*cut(case.data))
    if case.ends:
        assert client.error is None
        client.finish()
    assert len(client.echo.calls) == case.answered
    assert type(client.error).__name__ == case.error
    *_, told = responses = answers(client.output)
    assert [each.status for each in responses] == [200] * case.answered + [case.status]
    assert told.fields["connection"] == "close"
    assert len(told.body) == int(told.fields["content-length"])
    assert Act.SHUTDOWN in client.steps
    client.send(NEXT).finish()
    assert len(client.echo.calls) == case.answered
    assert client.records[-1].status == case.status


@pytest.mark.parametrize("case", [case for case in INVALID if not case.ends], ids=_by_name)
def test_a_refusal_does_not_wait(case: Invalid) -> None:
    """The error is told as soon as its bytes are there, without the client's end or a deadline."""
    client = Client(**case.settings).send(*split(case.data, 7))
    assert client.wants is Want.LINGER
