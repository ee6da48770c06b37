"""Typed access to queries and forms: what is read, and what the client is told otherwise."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from framework import App, Request
from framework.errors import HTTPError
from framework.multidict import MultiDict

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
DAY = date(2024, 2, 29)


class Side(Enum):
    """Stand in for an application's own words."""

    BUY = "buy"
    SELL = "sell"
    NONE = 0


SIDES = ["buy", "sell"]


def read(method: str, text: str | None, *arguments: Any, **options: Any) -> Any:
    """Read the field called ``x``, which has this text, or is missing."""
    return getattr(MultiDict([] if text is None else [("x", text)]), method)("x", *arguments, **options)


@pytest.mark.parametrize(
    ("method", "text", "arguments", "value"),
    [
        ("int", "7", (), 7),
        ("int", " 7 ", (), 7),
        ("int", "-7", (), -7),
        ("int", "+7", (), 7),
        ("int", "007", (), 7),
        ("int", "9" * 18, (), 10**18 - 1),
        ("float", "2", (), 2.0),
        ("float", "-.5", (), -0.5),
        ("float", "5.", (), 5.0),
        ("float", "1e3", (), 1000.0),
        ("float", "5E-324", (), 5e-324),
        ("decimal", "12.50", (), Decimal("12.50")),
        ("decimal", "-0.1", (), Decimal("-0.1")),
        ("bool", "on", (), True),
        ("bool", "TRUE", (), True),
        ("bool", "0", (), False),
        ("bool", "no", (True,), False),
        ("date", "2024-02-29", (), DAY),
        ("choice", "sell", (SIDES,), "sell"),
        ("location", "/a?b=c#d", (), "/a?b=c#d"),
        ("location", "./a:b", (), "./a:b"),
        ("choice", "sell", (Side,), Side.SELL),
        ("choice", "0", (Side,), Side.NONE),
    ],
)
def test_read(method: str, text: str, arguments: tuple[Any, ...], value: Any) -> None:
    """A value is read as what it is asked for, in the type it is asked for."""
    found = read(method, text, *arguments)
    assert (found, type(found)) == (value, type(value))
    assert str(found) == str(value)  # 12.50 is not 12.5


@pytest.mark.parametrize("text", [None, "", " "])
@pytest.mark.parametrize(
    ("method", "arguments", "default"),
    [
        ("int", (), 0),
        ("float", (), 0.0),
        ("decimal", (), Decimal(0)),
        ("bool", (), False),
        ("date", (), DAY),
        ("choice", (SIDES,), "buy"),
        ("location", (), "/"),
        ("choice", (Side,), Side.BUY),
    ],
)
def test_default(method: str, arguments: tuple[Any, ...], default: Any, text: str | None) -> None:
    """The default, which may be None, stands in for a missing or empty value, whatever the bounds."""
    assert read(method, text, *arguments, default) == default
    assert read(method, text, *arguments, None) is None


@pytest.mark.parametrize(
    ("method", "arguments", "expected", "texts"),
    [
        (
            "int",
            (),
            "a whole number",
            ["seven", "1.5", "", "1" * 19, "1" * 5000, "1_0", "1\uff12", "--1", "0x1", "1e1"],
        ),
        (
            "float",
            (),
            "a number",
            ["x", "", ".", "1_0", "nan", "inf", "-Infinity", "1e999", "1e", "1,5", "\u0661", "1" * 99],
        ),
        (
            "decimal",
            (),
            "a decimal number",
            ["x", "", ".", "NaN", "1e999999999", "1e3", "1,50", "1" * 19, "0." + "1" * 19],
        ),
        ("bool", (), "true or false", ["", "2", "maybe", "tru", "\u24e8"]),
        (
            *("date", (), "a date such as 2024-02-29"),
            ["", "2023-02-29", "20240229", "2024-W09-4", "2024-2-9", "29.02.2024", "0000-01-01", "\u0662024-01-01"],
        ),
        (
            *("location", (), "an address on this site"),
            ["", "//evil.example", "https://evil.example/", "/\\evil", "javascript:alert(1)", " //evil", "/\tx", "/\0"],
        ),
        ("choice", (SIDES,), "one of buy, sell", ["", "Buy", "buy,sell", "x"]),
        ("choice", (Side,), "one of buy, sell, 0", ["", "BUY", "Side.BUY", "None"]),
    ],
)
def test_refuse(method: str, arguments: tuple[Any, ...], expected: str, texts: list[str]) -> None:
    """Nonsense is a 400 that names the field and says what was expected, with or without a default."""
    defaults: list[tuple[Any, ...]] = [(), (None,)]
    for text in texts:
        for default in defaults if text else [()]:
            with pytest.raises(HTTPError) as caught:
                read(method, text, *arguments, *default)
            assert (caught.value.status, caught.value.message) == (400, f"x must be {expected}."), text
    with pytest.raises(HTTPError) as caught:
        read(method, None, *arguments)
    assert (caught.value.status, caught.value.message) == (400, f"x is missing: it must be {expected}.")


@pytest.mark.parametrize(
    ("method", "text", "bounds", "message"),
    [
        ("int", "0", {"min": 1}, "at least 1"),
        ("int", "9", {"min": 1, "max": 5}, "at least 1 and at most 5"),
        ("float", "1.01", {"max": 1}, "at most 1"),
        ("decimal", "-0.01", {"min": 0}, "at least 0"),
        ("decimal", "10.01", {"max": Decimal("10.00")}, "at most 10.00"),
        ("date", "2024-02-28", {"min": DAY}, "on or after 2024-02-29"),
        ("date", "2024-03-01", {"min": DAY, "max": DAY}, "on or after 2024-02-29 and on or before 2024-02-29"),
    ],
)
def test_bounds(method: str, text: str, bounds: dict[str, Any], message: str) -> None:
    """A value outside its bounds is a 400 that names them; those themselves are inside."""
    with pytest.raises(HTTPError) as caught:
        read(method, text, **bounds)
    assert (caught.value.status, caught.value.message) == (400, f"x must be {message}.")
    for bound in bounds.values():
        assert read(method, str(bound), **bounds) == bound


def test_lists() -> None:
    """All values of a name are read alike; none at all is an empty list; one that is wrong is a 400."""
    query = MultiDict([("n", "1"), ("n", "2"), ("d", "2024-02-29"), ("s", "sell"), ("b", "on"), ("p", "1.0")])
    assert (query.getlist("n"), query.getlist("n", int), query.getlist("x", int)) == (["1", "2"], [1, 2], [])
    assert (query.getlist("n", float), query.getlist("d", date), query.getlist("s", Side)) == (
        *([1.0, 2.0], [DAY], [Side.SELL]),
    )
    assert (query.getlist("b", bool), query.getlist("p", Decimal)) == ([True], [Decimal("1.0")])
    for name, type_, bounds, message in [
        ("s", int, {}, "s must be a whole number."),
        ("n", int, {"max": 1}, "n must be at most 1."),
        ("n", Side, {}, "n must be one of buy, sell, 0."),
    ]:
        with pytest.raises(HTTPError) as caught:
            query.getlist(name, type_, **bounds)
        assert (caught.value.status, caught.value.message) == (400, message)
    with pytest.raises(TypeError, match="int, float, bool, Decimal, date or an Enum, not as bytes"):
        query.getlist("n", bytes)


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_whole_numbers_survive(number: int) -> None:
    """What str writes is read back."""
    assert read("int", str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(1.7976931348623157e308)
@example(5e-324)
def test_floats_survive(number: float) -> None:
    """What repr writes is read back, to the last bit."""
    found = read("float", repr(number))
    assert (found, math.copysign(1, found)) == (number, math.copysign(1, number))


@given(st.decimals(min_value=-(10**17), max_value=10**17, places=4))
def test_decimals_survive(number: Decimal) -> None:
    """A decimal number keeps its value and its places."""
    assert read("decimal", f"{number:f}").as_tuple() == number.as_tuple()


@given(st.dates())
def test_dates_survive(day: date) -> None:
    """What isoformat writes is read back."""
    assert read("date", day.isoformat()) == day


@given(st.sampled_from(["int", "float", "decimal", "bool", "date"]), TEXT)
@example("decimal", "0" * 10_000_000)
@example("int", "9" * 10_000_000)
@example("float", "0." + "1" * 10_000_000)
def test_any_text_is_read_or_refused(method: str, text: str) -> None:
    """Whatever a client sends is a value or a 400, and soon."""
    with suppress(HTTPError):
        read(method, text, None)


def test_over_the_wire() -> None:
    """Query and form read alike, and the client sees the sentence."""
    app = App("typed")

    @app.route("/", methods=["GET", "POST"])
    def order(request: Request) -> dict[str, Any]:
        fields = request.form if request.method == "POST" else request.query
        side = fields.choice("side", Side, Side.BUY)
        return {"price": str(fields.decimal("price", min=0)), "side": side.value, "gift": fields.bool("gift", False)}

    client = app.test_client()
    assert client.get("/?price=12.50&gift=on").json == {"price": "12.50", "side": "buy", "gift": True}
    assert client.post("/", form={"price": "3", "side": "sell"}).json == {"price": "3", "side": "sell", "gift": False}
    answer = client.get("/?price=12,50")
    assert (answer.status, answer.text) == (400, "400 Bad Request\n\nprice must be a decimal number.\n")
