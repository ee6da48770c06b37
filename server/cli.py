"""The command line: flags made from the declared settings, and what can be asked instead of serving."""

import argparse
import importlib.util
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from textwrap import fill
from typing import NoReturn

import server
from server.concurrency import MODELS, load_model
from server.config import BYTES, Declared, Settings, declared
from server.console import log, set_up
from server.errors import EXIT_CODES, ConfigError, ServerError
from server.loader import parse_spec
from server.settings_page import settings_page
from server.sources import Resolved, did_you_mean, from_environment, from_file, from_flags, misspelt, resolve
from server.supervisor import supervise
from server.worker import check

_EPILOG = f"""\
Every setting is also an environment variable (MINNOW_BIND) and a key of the TOML file (bind). A flag wins over the
environment, that over the file, that over the default. Sizes take K, M and G.

{fill(f"Exit codes: {EXIT_CODES}.", 116)}"""

_NOT_PRINTABLE = re.compile(r"[^\x20-\x7e]")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Complain in one line, as for every other setting; argparse would print the whole usage."""
        raise ConfigError(f"{message} (--help tells what there is)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit code."""
    set_up()
    try:
        _run(_parsed(arguments))
    except ServerError as error:
        log.error("%s%s", error.above, error)
        return error.exit_code
    return 0


def _parsed(arguments: Sequence[str] | None) -> dict[str, object]:
    parsed, unknown = _parser().parse_known_args(arguments)
    if unknown:
        flags = [one.flag for one in declared()]
        hint = did_you_mean(unknown[0].partition("=")[0], flags) or " (--help tells what there is)"
        raise ConfigError(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    return vars(parsed)


def _run(asked: dict[str, object]) -> None:
    if asked.pop("list_models"):
        return _list_models()
    if asked.pop("print_settings_page"):
        return _say(settings_page())
    checks, prints = asked.pop("check"), asked.pop("print_config")
    resolved = _resolve(asked, os.environ)
    if prints:
        return _print_config(resolved)
    settings = resolved.settings
    parse_spec(settings.app)  # what is wrong with the command line should be said before anything is opened
    if checks:
        check(settings)
        return log.info("%s can be served", settings.app)
    _refuse_unwatchable(settings)
    return supervise(settings)


def _resolve(asked: dict[str, object], environ: Mapping[str, str]) -> Resolved:
    for told in misspelt(environ):
        log.warning("%s", told)
    flag, variable = asked.pop("config"), environ.get("MINNOW_CONFIG")
    sources = [from_flags(asked), from_environment(environ)]
    if flag is not None:
        sources.append(from_file(str(flag)))
    elif variable:
        sources.append(from_file(variable, named_by="MINNOW_CONFIG"))
    return resolve(sources, {"model": tuple(MODELS)})


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m server",
        usage="%(prog)s MODULE:ATTRIBUTE [options]",
        description="Serve a WSGI application.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # a new flag must not change what an old command line means
    )
    for one in declared():
        _add(parser, one)
    instead = parser.add_argument_group("instead of serving, and more")
    instead.add_argument("--config", metavar="FILE", help="read settings from this TOML file (or MINNOW_CONFIG)")
    instead.add_argument("--check", action="store_true", help="load the application, listen on nothing, exit")
    instead.add_argument("--print-config", action="store_true", help="print the settings and where each comes from")
    instead.add_argument("--list-models", action="store_true", help="print the concurrency models and their traits")
    instead.add_argument("--print-settings-page", action="store_true", help="print the settings as Markdown")
    instead.add_argument("--version", action="version", version=f"minnow {server.__version__}")
    return parser


def _add(parser: argparse.ArgumentParser, one: Declared) -> None:
    told = (one.setting.help + _default(one)).replace("%", "%%")
    if one.key == "app":
        parser.add_argument("app", nargs="?", metavar=one.flag, help=told)
    elif isinstance(one.default, bool):
        parser.add_argument(one.flag, action=argparse.BooleanOptionalAction, default=None, help=told)
    else:
        metavar = one.setting.form or "|".join(one.setting.choices) or one.setting.unit.upper() or "N"
        action = "append" if one.several else "store"
        parser.add_argument(one.flag, action=action, metavar=metavar, help=told)


def _default(one: Declared) -> str:
    shown = ", ".join(one.default) if one.several else one.default
    if shown in ("", False):
        return ""
    return f" ({shown}{' bytes' if one.setting.unit == BYTES else ''})"


def _list_models() -> None:
    for name, summary in MODELS.items():
        traits = asdict(load_model(name).traits).items()
        told = ", ".join(f"{key.replace('_', ' ')}: {'yes' if has else 'no'}" for key, has in traits)
        _say(f"{name:14}{summary}\n{'':14}{told}\n")


def _print_config(resolved: Resolved) -> None:
    """Print a TOML file that would give the same settings."""
    for key, value in asdict(resolved.settings).items():
        origin = resolved.origins.get(key, "default")
        # JSON's scalars and lists are TOML's, its pairs of escapes are not.
        text = json.dumps(value, ensure_ascii=False)
        _say(f"{key} = " + _NOT_PRINTABLE.sub(lambda found: f"\\U{ord(found[0]):08x}", text) + f"  # {origin}\n")


def _say(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # `--list-models | head`: whoever asked has read enough
        _forget_output()
    except OSError as error:
        _forget_output()
        raise ServerError(f"cannot write to standard output: {error.strerror}") from None


def _forget_output() -> None:
    """Send standard output nowhere: what is left in its buffer would fail once more at the very end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse_unwatchable(settings: Settings) -> None:
    if settings.reload and importlib.util.find_spec("watchfiles") is None:
        raise ConfigError("--reload needs the package watchfiles (pip install watchfiles)")
