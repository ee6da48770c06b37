"""The curl book: tests/routes.curl, read, run and shown.

A chapter begins with `# title`; then lines of prose, `@ model` if it holds for that model only, the command behind `$`,
the status and fields of the answer behind `<` (a value between slashes is a regular expression), what its body holds
behind `>`, and what it does not behind `!`.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass, field
from string import Template
from typing import TYPE_CHECKING

from tests.stack.compose import ROOT

if TYPE_CHECKING:
    from pathlib import Path

BOOK = ROOT / "tests" / "routes.curl"
PAGE = ROOT / "docs" / "routes.md"
TIMED_OUT = 28  # curl's exit code when --max-time ends a stream: what came by then counts


@dataclass
class Chapter:
    """One request and the answer that it must have."""

    title: str
    prose: list[str] = field(default_factory=list)
    model: str = ""
    command: str = ""
    status: int = 0
    fields: list[tuple[str, str]] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Take one line of the book."""
        mark, _, rest = line.partition(" ")
        match mark:
            case "$":
                self.command = rest
            case "@":
                self.model = rest
            case "<" if rest.isdecimal():
                self.status = int(rest)
            case "<":
                name, _, value = rest.partition(": ")
                self.fields.append((name, value))
            case ">":
                self.holds.append(rest)
            case "!":
                self.lacks.append(rest)
            case _:
                self.prose.append(line)

    def run(self, site: str, directory: Path) -> list[str]:
        """Run the command against the site at this address; return what is wrong with the answer."""
        command = shlex.split(Template(self.command).substitute(SITE=site))
        command[1:1] = ["--silent", "--show-error", "--include", "--path-as-is"]
        if "--max-time" not in command:
            command[1:1] = ["--max-time", "20"]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
        if done.returncode not in {0, TIMED_OUT}:
            return [f"{self.title}: {done.stderr.strip()}"]
        head, _, body = done.stdout.partition("\n\n")
        status, *lines = head.splitlines()
        found = [f"{name.lower()}: {value}" for name, _, value in (line.partition(": ") for line in lines)]
        wrong = [] if int(status.split()[1]) == self.status else [f"status {status.split()[1]}, not {self.status}"]
        wrong += [f"no field {name}: {value} in {found}" for name, value in self.fields if not _has(found, name, value)]
        wrong += [f"{text!r} is not in {body[:500]!r}" for text in self.holds if text not in body]
        wrong += [f"{text!r} is in the body" for text in self.lacks if text in body]
        return [f"{self.title}: {reason}" for reason in wrong]

    def markdown(self) -> str:
        """Return the chapter as the page shows it."""
        answer = [f"{self.status}", *(f"{name}: {value}" for name, value in self.fields)]
        answer += [f"… {text} …" for text in self.holds] + [f"(without {text})" for text in self.lacks]
        only = [f"Only with `--model {self.model}`; other models answer 204."] if self.model else []
        prose = "".join(f"{line}\n\n" for line in [" ".join([*self.prose, *only])] if line)
        return f"## {self.title}\n\n{prose}```console\n$ {self.command}\n{chr(10).join(answer)}\n```\n"


def _has(found: list[str], name: str, value: str) -> bool:
    if len(value) > 1 and value[0] == value[-1] == "/" and value != "/":
        return any(re.search(value[1:-1], line.partition(": ")[2]) for line in found if line.startswith(f"{name}: "))
    return f"{name}: {value}" in found


def chapters() -> list[Chapter]:
    """Return the book's chapters in their order, in which they have to be run: one builds on another."""
    found: list[Chapter] = []
    for line in BOOK.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            found.append(Chapter(line[2:]))
        elif line:
            found[-1].add(line)
    return found


def run_book(site: str, directory: Path, model: str) -> list[str]:
    """Run all chapters that hold for the model; return what is wrong, in lines."""
    return [line for each in chapters() if each.model in {"", model} for line in each.run(site, directory)]


def page() -> str:
    """Return docs/routes.md."""
    opening = (
        "# The site's routes, by curl\n\n"
        "Made from [tests/routes.curl](../tests/routes.curl) by `python -m tests.routes`. Each command is run by the\n"
        "tests, against the server alone under every model and through nginx, and has to give the answer shown: its\n"
        "status, some of its fields, what its body holds. A value between slashes is a regular expression.\n\n"
        "```sh\nSITE=http://127.0.0.1:8000\n```\n"
    )
    return "\n".join([opening, *(each.markdown() for each in chapters())])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
