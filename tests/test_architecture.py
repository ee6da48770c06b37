"""The rules of the house, held by reading the source: who may import whom, no cycles, few layers, small pieces."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("server", "framework", "app")
LAYERS = 9
FILE_LINES = 400
FUNCTION_LINES = 40

# Inside the server, from the top down: a module may import what stands below it, or beside it in its own line.
SERVER_LAYERS = [
    {"server.__main__"},
    {"server.cli"},
    {"server"},
    {"server.supervisor", "server.child", "server.reloader", "server.worker"},
    {"server.loader", "server.middleware", "server.listeners"},
    {"server.concurrency"},
    {"server.session"},
    {"server.wsgi", "server.files", "server.environ", "server.body"},
    {"server.http11"},
]
# What knows neither sessions nor sockets and may be used by any layer above `http11`.
SERVER_TOOLS = {"server.config", "server.values", "server.errors", "server.sources", "server.settings_page"} | {
    *("server.console", "server.accesslog", "server.signals", "server.backoff", "server.descriptors"),
}
GEVENT_USERS = {"server.concurrency.coroutine", "server.worker"}
IMPURE = {"socket", "ssl", "select", "selectors", "asyncio", "threading", "time", "datetime", "os", "io", "gevent"}

# Longer than a rule allows, and why that is better than the alternative.
LONG_FUNCTIONS = {
    "server.session.connection": "the life of a connection, to be read from top to bottom; each part is short",
}
LONG_FILES: dict[str, str] = {}


@cache
def modules() -> dict[str, Path]:
    """Return every module of the product by its name."""
    found = {}
    for part in PARTS:
        for path in sorted((ROOT / part).rglob("*.py")):
            if "versions" not in path.parts:  # Alembic's numbered files are data
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                found[name.removesuffix(".__init__")] = path
    return found


@cache
def tree(name: str) -> ast.Module:
    """Return the parsed source of a module."""
    return ast.parse(modules()[name].read_text("utf-8"))


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _imports(node: ast.AST, package: str, *, at_top: bool) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = child.module or ""
            if child.level:
                base = ".".join([*package.split(".")[: len(package.split(".")) - child.level + 1], base]).rstrip(".")
            for alias in child.names:
                whole = f"{base}.{alias.name}"
                yield whole if whole in modules() else base
        elif not _is_type_checking(child) and not (at_top and isinstance(child, ast.FunctionDef)):
            yield from _imports(child, package, at_top=at_top)


def imports(name: str, *, at_top: bool = False) -> set[str]:
    """Return what a module imports at run time; with `at_top`, only what it imports when it is itself imported."""
    package = name if modules()[name].name == "__init__.py" else name.rpartition(".")[0]
    return set(_imports(tree(name), package, at_top=at_top))


def within(name: str, packages: set[str]) -> bool:
    """Tell whether a module is one of these or inside one of them."""
    return any(name == package or name.startswith(package + ".") for package in packages)


def broken(importers: set[str], forbidden: set[str], *, allowed: frozenset[str] = frozenset()) -> list[str]:
    """Return the imports of `forbidden` by modules within `importers`, as lines to read."""
    return [
        f"{name} imports {imported}"
        for name in modules()
        if within(name, importers) and name not in allowed
        for imported in sorted(imports(name))
        if within(imported, forbidden)
    ]


def test_there_is_something_to_test() -> None:
    """The names that the rules speak of exist; a module that was renamed must not slip out of its rule."""
    named = set[str]().union(*SERVER_LAYERS, SERVER_TOOLS, GEVENT_USERS - {"server.worker"})
    assert sorted(named - set(modules())) == []
    assert len(modules()) > 50


@pytest.mark.parametrize(
    ("importers", "forbidden"),
    [
        ({"server"}, {"framework", "app"}),
        ({"framework"}, {"server", "app"}),
        ({"app"}, {"server"}),
        ({"server.http11"}, IMPURE),
    ],
    ids=["server", "framework", "app", "purity of http11"],
)
def test_who_never_imports_whom(importers: set[str], forbidden: set[str]) -> None:
    """`app -> framework`; the command line joins server and application by a string; http11 is bytes only."""
    assert broken(importers, forbidden) == []


def test_gevent_is_the_coroutine_model_s_business() -> None:
    """Only the coroutine model, and the worker that prepares it, know gevent."""
    assert broken(set(PARTS), {"gevent", "greenlet"}, allowed=frozenset(GEVENT_USERS)) == []


def test_nobody_imports_the_command_line() -> None:
    """The command line is the end of the chain: only `python -m` imports it."""
    assert broken(set(PARTS), {"server.cli"}, allowed=frozenset({"server.__main__", "server.cli"})) == []


def _layer(name: str) -> int | None:
    """Return a server module's layer, counted from the top; the most exact name decides."""
    ranks = [(len(entry), rank) for rank, layer in enumerate(SERVER_LAYERS) for entry in layer if within(name, {entry})]
    return None if within(name, SERVER_TOOLS) else max(ranks)[1]


def test_layers_of_the_server() -> None:
    """Inside the server, imports go down: models -> session -> wsgi, body -> http11, and never up."""
    found = []
    for name in modules():
        if not within(name, {"server"}) or (here := _layer(name)) is None:
            continue
        for imported in sorted(imports(name)):
            there = _layer(imported) if imported in modules() and within(imported, {"server"}) else None
            if there is not None and there < here:
                found.append(f"{name} imports {imported}, which stands above it")
    assert found == []


def test_every_server_module_has_a_layer() -> None:
    """A new module is put into its layer, or among the tools, on purpose: the bare package is no place."""
    top = SERVER_LAYERS.index({"server"})
    strays = [name for name in modules() if within(name, {"server"}) and name != "server" and _layer(name) == top]
    assert strays == []


def _order(*, at_top: bool) -> TopologicalSorter[str]:
    return TopologicalSorter({name: (imports(name, at_top=at_top) & set(modules())) - {name} for name in modules()})


def test_no_cycles() -> None:
    """No module needs, by whatever way, itself: imports for types only do not count, those inside functions do."""
    try:
        _order(at_top=False).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_few_layers_of_the_server() -> None:
    """The server's layers, which may hold several modules in a line, can be kept in one's head."""
    assert len(SERVER_LAYERS) <= LAYERS


@pytest.mark.parametrize("part", ["framework", "app"])
def test_few_layers(part: str) -> None:
    """Nor is any chain of imports inside the smaller parts longer."""
    depth: dict[str, int] = {}
    chain: dict[str, list[str]] = {}
    for name in _order(at_top=False).static_order():
        if not within(name, {part}):
            continue
        below = [each for each in imports(name) & set(modules()) if within(each, {part}) and each != name]
        deepest = max(below, key=lambda each: depth[each], default="")
        depth[name] = depth.get(deepest, 0) + 1
        chain[name] = [name, *chain.get(deepest, [])]
    longest = max(depth, key=lambda name: depth[name])
    assert depth[longest] <= LAYERS, " -> ".join(chain[longest])


def test_files_are_short() -> None:
    """No file is over 400 lines without an argument, tests included."""
    paths = [*modules().values(), *(ROOT / "tests").rglob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in paths}
    long = {path: lines for path, lines in lengths.items() if lines > FILE_LINES}
    assert set(long) == set(LONG_FILES), long


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions(node: ast.AST, name: str) -> Iterator[tuple[str, Definition]]:
    """Yield every function and class with its whole name."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition):
            yield f"{name}.{child.name}", child
            yield from definitions(child, f"{name}.{child.name}")
        else:
            yield from definitions(child, name)


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a body, its docstring excepted."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_are_short() -> None:
    """No body is over 40 lines without an argument; an argument that nothing needs has to go."""
    long = {
        whole: lines
        for name in modules()
        for whole, node in definitions(tree(name), name)
        if not isinstance(node, ast.ClassDef) and (lines := body_lines(node)) > FUNCTION_LINES
    }
    assert set(long) == set(LONG_FUNCTIONS), long


def _is_public(whole: str) -> bool:
    return not any(part.startswith("_") and part != "__main__" for part in whole.split("."))


def test_public_names_have_docstrings() -> None:
    """Every public module, class, function and method says what it is; overridden methods, too."""
    missing = [name for name in modules() if ast.get_docstring(tree(name)) is None]
    for name in modules():
        inner = {id(part) for _, node in definitions(tree(name), name) for part in _of_functions(node)}
        missing += [
            whole
            for whole, node in definitions(tree(name), name)
            if _is_public(whole)
            and id(node) not in inner
            and not _is_overload(node)
            and ast.get_docstring(node) is None
        ]
    assert missing == []


def _is_overload(node: Definition) -> bool:
    """Tell a signature for the type checker, whose function follows, from a function."""
    return any(ast.unparse(decorator) == "overload" for decorator in node.decorator_list)


def _of_functions(node: Definition) -> Iterator[ast.AST]:
    """Yield what is defined inside a function: nobody outside can name it."""
    if not isinstance(node, ast.ClassDef):
        yield from (part for part in ast.walk(node) if part is not node)
