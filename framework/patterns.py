"""The little language of route patterns.

::

    /stock/<code>               one segment, any text but none: the same as <code:str>
    /page/<number:int>          a converter by its name: digits, handed over as an int
    /files/<name:path>          the rest of the path, slashes included
    /stock/<code:[0-9]{6}>      a regular expression, for one segment
    /chart/<code>-<days:int>.svg    text and variables may share a segment

A pattern is matched against decoded text, one segment at a time: a slash inside a value is as good as any letter.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from framework.errors import RouteError
from framework.paths import encode_path, encode_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Matcher = Callable[[str], tuple[Any, ...] | None]


class Converter:
    """Say which text a variable takes, and what it is turned into.

    ``regex`` must match the whole text. ``parse`` may raise ValueError: then the route does not match.
    ``format`` is the way back, for ``url_for``. A converter that ``spans`` takes slashes along.
    """

    __slots__ = ("format", "parse", "regex", "spans")

    def __init__(
        self,
        regex: str,
        parse: Callable[[str], Any] = str,
        format: Callable[[Any], str] = str,  # noqa: A002 - the opposite of parse has no better name
        *,
        spans: bool = False,
    ) -> None:
        if re.compile(regex).groups:
            raise ValueError("write (?:…) for (…): only the variable itself is captured")
        self.regex = regex
        self.parse = parse
        self.format = format
        self.spans = spans


CONVERTERS: Mapping[str, Converter] = {
    "str": Converter("(?s:.+)"),
    "int": Converter("[0-9]{1,18}", int),  # 18 digits fit into 64 bits
    "path": Converter("(?s:.+)", spans=True),
}


class Variable(NamedTuple):
    """Name one hole of a pattern."""

    name: str
    converter: Converter


BRACES = str.maketrans({"{": "{{", "}": "}}"})
"""What str.format takes for its own."""


class Segment:
    """Hold what stands between two slashes: literal text, variables, or both. What follows is worked out once."""

    def __init__(self, parts: tuple[str | Variable, ...]) -> None:
        self.parts = parts

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """Return the variables in their order."""
        return tuple(part for part in self.parts if isinstance(part, Variable))

    @cached_property
    def literal(self) -> str | None:
        """Return the text of a segment without variables, else None."""
        return None if self.variables else "".join(map(str, self.parts))

    @cached_property
    def spans(self) -> bool:
        """Tell whether the segment takes the rest of the path."""
        return any(variable.converter.spans for variable in self.variables)

    @cached_property
    def rank(self) -> tuple[bool, int, int]:
        """Return the place in the order of trial among segments with variables: the smallest is tried first."""
        text = sum(len(part) for part in self.parts if isinstance(part, str))
        free = all(variable.converter is CONVERTERS["str"] for variable in self.variables)
        return self.spans, 0 if text else 1 + free, -text

    def may_meet(self, other: Segment) -> bool:
        """Tell whether one text could match both, as far as their literal text can tell."""
        if self.literal is not None:
            return re.fullmatch(other.regex, self.literal) is not None
        if other.literal is not None:
            return other.may_meet(self)
        (head, tail), (head2, tail2) = self._ends(), other._ends()
        return (head.startswith(head2) or head2.startswith(head)) and (tail.endswith(tail2) or tail2.endswith(tail))

    def same(self, other: Segment) -> bool:
        """Tell whether both match the same text and make the same values of it, whatever the names."""
        mine, theirs = ([variable.converter for variable in segment.variables] for segment in (self, other))
        return self.regex == other.regex and mine == theirs

    def _ends(self) -> tuple[str, str]:
        head, tail = self.parts[0], self.parts[-1]
        return head if isinstance(head, str) else "", tail if isinstance(tail, str) else ""

    @cached_property
    def regex(self) -> str:
        """Return the regular expression of the segment's decoded text; two equal ones match the same."""
        return "".join(
            f"({part.converter.regex})" if isinstance(part, Variable) else re.escape(part) for part in self.parts
        )

    def build(self, values: Mapping[str, Any]) -> str:
        """Return the percent-coded segment for ``values``; raise ValueError if it would not match back."""
        if self.literal is not None:
            return self._coded
        made = tuple(variable.converter.format(values[variable.name]) for variable in self.variables)
        text = made[0] if len(self.parts) == 1 else self._template.format(*made)
        found = self._fullmatch(text)
        if found is None or found.groups() != made:
            given = ", ".join(f"{v.name}={values[v.name]!r}" for v in self.variables)
            raise ValueError(f"{given} does not fit {self.regex}")
        return encode_path(text) if self.spans else encode_segment(text)

    @cached_property
    def _coded(self) -> str:
        return encode_segment(self.literal or "")

    @cached_property
    def _template(self) -> str:
        """Return the segment as a format string, a {} for each variable."""
        return "".join(part.translate(BRACES) if isinstance(part, str) else "{}" for part in self.parts)

    @cached_property
    def _fullmatch(self) -> Callable[[str], re.Match[str] | None]:
        return re.compile(self.regex).fullmatch

    def matcher(self) -> Matcher:
        """Return a function from decoded text to the values of the variables, or to None."""
        converters = [variable.converter for variable in self.variables]
        if len(self.parts) == 1 and converters == [CONVERTERS["str"]]:
            return lambda text: (text,) if text else None
        fullmatch = self._fullmatch
        if all(converter.parse is str for converter in converters):
            return lambda text: found.groups() if (found := fullmatch(text)) else None
        parsers = [converter.parse for converter in converters]
        parse_one = parsers[0] if len(self.parts) == 1 else None  # of the whole text: the common case, made short

        def match(text: str) -> tuple[Any, ...] | None:
            found = fullmatch(text)
            if found is None:
                return None
            try:
                if parse_one:
                    return (parse_one(text),)
                return tuple(parse(group) for parse, group in zip(parsers, found.groups(), strict=True))
            except ValueError:
                return None

        return match


# A regular expression may hold <…> itself, one level deep, as in (?<=x) or (?P<name>…).
_VARIABLE = re.compile(r"<(?P<name>[^<>:]*)(?::(?P<kind>(?:\\.|<[^<>]*>|\(\?<?[=!]|[^<>\\])*))?>")


def parse(pattern: str, converters: Mapping[str, Converter] = CONVERTERS) -> tuple[Segment, ...]:
    """Parse a pattern into its segments; raise RouteError with what is wrong."""
    if not pattern.startswith("/"):
        raise RouteError('a pattern begins with "/"')
    segments: list[list[str | Variable]] = [[]]
    spanning = False
    for part in _tokens(pattern[1:], converters):
        if isinstance(part, Variable):
            if spanning and part.converter.spans:
                raise RouteError(f"<{part.name}> is a second variable that takes slashes: where would it begin?")
            spanning = spanning or part.converter.spans
            segments[-1].append(part)
            continue
        first, *others = [part] if spanning else part.split("/")
        segments[-1].append(first)
        segments.extend([other] for other in others)
    result = tuple(Segment(tuple(part for part in parts if part != "") or ("",)) for parts in segments)
    _check_names(result)
    return result


def _tokens(text: str, converters: Mapping[str, Converter]) -> list[str | Variable]:
    tokens: list[str | Variable] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        tokens.append(_literal(text[end : found.start()]))
        tokens.append(Variable(_name(found["name"]), _converter(found["name"], found["kind"], converters)))
        end = found.end()
    return [*tokens, _literal(text[end:])]


def _literal(text: str) -> str:
    if "<" in text or ">" in text:
        raise RouteError(f'a lone "<" or ">" in {text!r}: a variable looks like <name> or <name:kind>')
    return text


def _name(name: str) -> str:
    if not name.isidentifier():
        raise RouteError(f"<{name}> needs a Python name")
    return name


def _converter(name: str, kind: str | None, converters: Mapping[str, Converter]) -> Converter:
    if kind is None:
        return converters["str"]
    if kind in converters:
        return converters[kind]
    if kind.isidentifier() or not kind:
        raise RouteError(f"<{name}:{kind}>: no converter {kind!r}; there are {', '.join(sorted(converters))}")
    try:
        return _inline(kind)
    except (re.error, ValueError) as error:
        raise RouteError(f"<{name}:{kind}> is no good regular expression: {error}") from None


@lru_cache
def _inline(regex: str) -> Converter:
    """Return the same converter for the same expression, so that equal segments are known as such."""
    return Converter(regex)


def _check_names(segments: tuple[Segment, ...]) -> None:
    names = [variable.name for segment in segments for variable in segment.variables]
    for name in names:
        if names.count(name) > 1:
            raise RouteError(f"<{name}> stands there twice")
