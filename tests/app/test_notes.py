from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING, NoReturn

import pytest

from app.errors import Unavailable
from tests.app.site import BROWSER, CHINESE, CURL, JSON, NASTY_NOTES, note_path

if TYPE_CHECKING:
    from tests.app.site import Site

FORM = "/update/000007.html"


def unavailable(_work: object) -> NoReturn:
    """Stand in for a database that does not answer."""
    raise Unavailable


@pytest.mark.parametrize("note", NASTY_NOTES)
def test_round_trip_by_path(site: Site, note: str) -> None:
    """A note in the path is saved as it was meant, whatever its characters."""
    response = site.visitor("000007").post(note_path("000007", note), headers=CURL)
    assert (response.status, response.text) == (200, "note saved\n")
    assert site.notes() == [note]


@pytest.mark.parametrize("note", [*NASTY_NOTES, "", " spaces around ", "two\nlines"])
def test_round_trip_by_form(site: Site, note: str) -> None:
    """A note in the form is saved as it was typed, and the form shows it again."""
    client = site.visitor("000007")
    response = client.post(FORM, form={"note": note}, headers=BROWSER)
    assert (response.status, response.headers["Location"]) == (303, "/center.html#s000007")
    assert site.notes() == [note]
    assert f">\n{note}</textarea>" in unescape(client.get(FORM).text)


def test_url_for_makes_the_path(site: Site) -> None:
    """The address that the framework builds for a note is the one that saves it."""
    note = "a/b?c#d%e 中文"
    site.visitor("000007").post(site.app.url_for("save_note_in_path", code="000007", note=note))
    assert site.notes() == [note]


def test_saved_in_chinese(site: Site) -> None:
    """The message follows the caller's language."""
    assert site.visitor("000007").post(FORM, form={"note": "x"}, headers=CHINESE).text == "修改成功\n"


def test_saving_the_same_note_again(site: Site) -> None:
    """A note that does not differ is saved all the same: MySQL counts changed rows unless told otherwise."""
    client = site.visitor("000007")
    assert [client.post(FORM, form={"note": "same"}).status for _ in range(2)] == [200, 200]


def test_line_ends_count_once(site: Site) -> None:
    """A browser's CRLF is one character, so 200 of them fit."""
    site.visitor("000007").post(FORM, form={"note": "\r\n" * 200})
    assert site.notes() == ["\n" * 200]


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        ("长" * 201, "note_too_long"),
        ("x" * 2000, "note_too_long"),
        ("a\0b", "note_unprintable"),
        ("\x1b[2J", "note_unprintable"),
    ],
)
def test_refused_notes(site: Site, note: str, reason: str) -> None:
    """A note that cannot be kept whole is refused by form and by path, and the old one stays."""
    client = site.visitor("000007")
    client.post(FORM, form={"note": "old"})
    for response in (
        client.post(FORM, form={"note": note}, headers=JSON),
        client.post(note_path("000007", note), headers=JSON),
    ):
        assert (response.status, response.json["error"]) == (422, reason)
    assert site.notes() == ["old"]


def test_refused_note_comes_back(site: Site) -> None:
    """A browser gets the form again, with the whole text and the reason beside it."""
    note = "<b>" + "长" * 200
    response = site.visitor("000007").post(FORM, form={"note": note}, headers=BROWSER)
    assert response.status == 422
    assert f">\n{note}</textarea>" in unescape(response.text)
    assert "at most 200 characters" in response.text
    assert 'aria-invalid="true"' in response.text


@pytest.mark.parametrize("away", [("write",), ("read", "write")], ids=["at the write", "altogether"])
@pytest.mark.parametrize("note", ["<b>typed & kept</b>", "long" * 60], ids=["good", "too long"])
def test_the_database_goes_away_under_a_form(
    site: Site, monkeypatch: pytest.MonkeyPatch, away: tuple[str, ...], note: str
) -> None:
    """A note that cannot be saved now comes back as it was typed, and can be sent again from where it is."""
    client = site.visitor("000007")
    with monkeypatch.context() as patch:
        for way in away:
            patch.setattr(site.database, way, unavailable)
        response = client.post(FORM, form={"note": note}, headers=BROWSER)
        too_long_is_known = len(note) > 200 and "read" not in away
        assert response.status == (422 if too_long_is_known else 503)
        assert response.headers.get("Retry-After") == (None if too_long_is_known else "5")
        assert f">\n{note}</textarea>" in unescape(response.text)
        assert 'action="/update/000007.html"' in response.text
        if not too_long_is_known:
            assert "nothing is lost" in response.text
        # A program gets what it had before, and knows what it sent.
        assert client.post(FORM, form={"note": "x"}, headers=JSON).json["error"] == "unavailable"
    assert site.notes() == [""]
    client.post(FORM, form={"note": "typed & kept"}, headers=BROWSER)
    assert site.notes() == ["typed & kept"]


def test_a_note_on_what_is_no_longer_watched_comes_back(site: Site) -> None:
    """Who took the stock off the list in another window still has what he typed here."""
    response = site.visitor().post(FORM, form={"note": "typed for long"}, headers=BROWSER)
    assert response.status == 409
    assert ">\ntyped for long</textarea>" in response.text


def test_form_without_note(site: Site) -> None:
    """A form that lacks the field erases nothing."""
    client = site.visitor("000007")
    client.post(FORM, form={"note": "old"})
    assert client.post(FORM, form={"other": "x"}).status == 400
    assert site.notes() == ["old"]


def test_undecodable_note(site: Site) -> None:
    """Bytes that are no UTF-8 are refused in the path and in the form."""
    client = site.visitor("000007")
    assert client.post("/update/000007/%ff.html").status == 400
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post(FORM, body=b"note=%ff", headers=form).status == 400
    assert site.notes() == [""]
