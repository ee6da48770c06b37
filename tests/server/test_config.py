"""The declarations of the settings, and the page made from them."""

import json
from pathlib import Path

import pytest

from server.config import BYTES, SECONDS, Declared, Settings, declared
from server.settings_page import settings_page
from server.sources import convert

SETTINGS = list(declared())


@pytest.mark.parametrize("one", SETTINGS, ids=lambda one: one.key)
def test_every_setting_says_what_it_does_and_why(one: Declared) -> None:
    """Help and reason are there, as parts of a sentence."""
    assert one.setting.help
    assert one.setting.why
    assert not one.setting.help.endswith(".")
    assert not one.setting.why.endswith(".")


@pytest.mark.parametrize("one", SETTINGS, ids=lambda one: one.key)
def test_every_default_passes_its_own_checks(one: Declared) -> None:
    """A default is no exception to the rules for everybody's values."""
    assert convert(one, one.default) == one.default


@pytest.mark.parametrize("one", [one for one in SETTINGS if type(one.default) in (int, float)], ids=lambda one: one.key)
def test_every_number_has_a_unit_and_a_least_value(one: Declared) -> None:
    """A number without a unit is a riddle, one without a least value takes -1."""
    assert one.setting.unit
    assert one.setting.least is not None
    assert one.setting.least >= 0
    assert isinstance(one.default, float) == (one.setting.unit == SECONDS)


def test_names_follow_from_the_field() -> None:
    """One word, three spellings; the application is the positional argument."""
    names = {one.key: (one.flag, one.variable) for one in SETTINGS}
    assert names["body_limit"] == ("--body-limit", "MINNOW_BODY_LIMIT")
    assert names["app"][0] == "APP"


def test_the_idle_timeout_is_longer_than_that_of_proxies() -> None:
    """A proxy must be the first to close, or it sends a request into a closing connection; nginx waits 60 s."""
    assert Settings().idle_timeout > 60


def test_sizes_are_declared_in_bytes() -> None:
    """Every limit that is a size is marked as one, so that K, M and G work for it."""
    sizes = {one.key for one in SETTINGS if one.setting.unit == BYTES}
    assert sizes == {"request_line_limit", "head_limit", "body_limit", "body_memory"}


def test_the_settings_page_is_current() -> None:
    """docs/settings.md is what the declarations say: `python -m server --print-settings-page > docs/settings.md`."""
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text("utf-8") == settings_page()


@pytest.mark.parametrize("one", SETTINGS, ids=lambda one: one.key)
def test_the_settings_page_names_everything(one: Declared) -> None:
    """Key, flag, variable and reason of each setting stand on the page."""
    page = settings_page()
    for text in (f"## {one.key}\n", f"`{one.flag}`", f"`{one.variable}`", one.setting.why):
        assert text in page
    assert json.dumps(one.default)  # what JSON cannot hold, --print-config could not print
