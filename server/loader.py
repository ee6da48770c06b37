"""Find the WSGI application that `module:attribute` names."""

import importlib
import inspect
import pkgutil
import re
import sys
import traceback
from pathlib import Path
from typing import Any, NamedTuple

from server.errors import AppLoadError, ConfigError
from server.sources import did_you_mean

_CALL = re.compile(r"\(.+\)$", re.DOTALL)
_SPEC = re.compile(r"(?P<module>[\w.]+):(?P<attribute>\w+(?:\.\w+)*)(?P<call>\(\))?")


class Spec(NamedTuple):
    """A parsed `module:attribute` or `module:factory()`."""

    module: str
    attribute: str
    is_factory: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.attribute}" + ("()" if self.is_factory else "")


def parse_spec(text: str) -> Spec:
    """Parse the command line's APP. Raise ConfigError when it has another form."""
    if not text:
        raise ConfigError("no application named (give it as MODULE:ATTRIBUTE, such as app:create_app())")
    found = _SPEC.fullmatch(text)
    if found is None:
        hint = "; a factory gets no arguments" if _CALL.search(text) else ""
        raise ConfigError(f"{text!r} does not name an application (MODULE:ATTRIBUTE, such as app:create_app()){hint}")
    return Spec(found["module"], found["attribute"], bool(found["call"]))


def load_app(spec: Spec) -> Any:
    """Import the module, look the attribute up, call a factory; the working directory is put on `sys.path`.

    Raises AppLoadError with a line that says which of these failed, and the traceback if the application's code raised.
    """
    try:
        here = str(Path.cwd())
    except FileNotFoundError:  # a deployment took the old release away; the new one is another directory
        raise AppLoadError("the working directory is gone (restart the server in the one that replaces it)") from None
    if here not in sys.path:
        sys.path.insert(0, here)
    found = _attribute(_module(spec, here), spec)
    if spec.is_factory:
        found = _called(found, spec)
    if not callable(found):
        raise AppLoadError(f"{spec} is {_article(found)}, not a WSGI callable")
    _refuse_asgi(found, spec)
    _refuse_bare_factory(found, spec)
    return found


def _module(spec: Spec, here: str) -> Any:
    try:
        return importlib.import_module(spec.module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{spec.module}.".startswith(f"{error.name}."):
            raise _failed(f"cannot import {spec.module}: {error}", error) from error
        # A package that is there but lacks the module is no misspelling of itself.
        if spec.module.endswith(".py"):
            named = spec._replace(module=spec.module.removesuffix(".py"))
            raise AppLoadError(f"{spec.module} is a file, a module is wanted (did you mean {named}?)") from None
        neighbours = [] if "." in error.name else [each.name for each in pkgutil.iter_modules([here])]
        hint = did_you_mean(error.name, neighbours)
        raise AppLoadError(f"there is no module {error.name} (looked in {here} and on sys.path){hint}") from None
    except (Exception, SystemExit) as error:
        raise _failed(f"cannot import {spec.module}: {_told(error)}", error) from error


def _attribute(found: Any, spec: Spec) -> Any:
    at = spec.module
    for name in spec.attribute.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            hint = did_you_mean(name, [each for each in dir(found) if not each.startswith("__")])
            raise AppLoadError(f"{at} has no attribute {name}{hint}") from None
        except (Exception, SystemExit) as error:  # a property, or the __getattr__ of a lazy module
            raise _failed(f"{at} cannot give {name}: {_told(error)}", error) from error
        at += ("." if ":" in at else ":") + name
    return found


def _called(factory: Any, spec: Spec) -> Any:
    if not callable(factory):
        raise AppLoadError(f"{spec.module}:{spec.attribute} is {_article(factory)}, it cannot be called")
    try:
        return factory()
    except (Exception, SystemExit) as error:
        raise _failed(f"{spec} raised {_told(error)}", error) from error


def _refuse_asgi(found: Any, spec: Spec) -> None:
    """Catch the other kind of application: to WSGI its coroutine is an answer that cannot be iterated."""
    if inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(type(found).__call__):
        raise AppLoadError(f"{spec} is asynchronous, an ASGI application perhaps; this server takes WSGI applications")


def _refuse_bare_factory(found: Any, spec: Spec) -> None:
    """Catch the forgotten "()": a plain function that cannot take environ and start_response but can take nothing."""
    if not inspect.isfunction(found):
        return
    signature = inspect.signature(found)
    try:
        signature.bind({}, None)
    except TypeError:
        hint = f"; did you mean {spec}()?" if not spec.is_factory else ""
        raise AppLoadError(f"{spec} does not take (environ, start_response){hint}") from None


def _failed(line: str, error: BaseException) -> AppLoadError:
    return AppLoadError(line, trace=_trace(error))


def _trace(error: BaseException) -> str:
    """Format a traceback without the frames of this module and of the import machinery."""
    told = traceback.TracebackException.from_exception(error)
    kept = [each for each in told.stack if each.filename != __file__ and "importlib" not in each.filename]
    told.stack = traceback.StackSummary.from_list(kept)
    return "".join(told.format())


def _told(error: BaseException) -> str:
    """Return the exception's name and the first line of its message; the traceback has the others, and its notes."""
    lines = traceback.format_exception_only(error)  # those of a SyntaxError's place come first, indented
    return next(line for line in lines if not line.startswith(" ")).splitlines()[0].strip()


def _article(found: object) -> str:
    return f"of type {type(found).__name__}"
