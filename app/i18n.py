"""Two languages, one catalogue: `messages.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# The first is what a caller gets who asks for neither.
LANGUAGES: Final = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Translator:
    """The catalogue in one language: call it with a message's key."""

    language: str
    messages: dict[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the message with `values` filled in; raises KeyError for a key the catalogue lacks."""
        message = self.messages[key]
        return message.format(**values) if values else message


def load_translators() -> dict[str, Translator]:
    """Read the catalogue; return a translator for each language."""
    catalogue = tomllib.loads(Path(__file__).with_name("messages.toml").read_text(encoding="utf-8"))
    return {
        language: Translator(language, {key: forms[language] for key, forms in catalogue.items()})
        for language in LANGUAGES
    }
