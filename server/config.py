"""Every setting of the server, declared once.

The name of a field is its key in the configuration file; its flag (`--body-limit`) and its environment variable
(`MINNOW_BODY_LIMIT`) are the same words. Type and default are the field's own; the rest stands in its metadata.
`sources` reads values, `cli` makes flags of it and `settings_page` writes docs/settings.md from it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from server import values

_META = "setting"

BYTES = "bytes"
SECONDS = "seconds"

LONGEST = 1_000_000
"""Seconds, nearly twelve days: `poll` takes no more than 2**31 milliseconds."""
MOST_WORKERS = 1024


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of a setting beyond its name, type and default."""

    help: str
    """What it does, in the words of `--help`."""
    why: str
    """The reason for the default."""
    unit: str = ""
    """BYTES, SECONDS or what is counted."""
    least: float | None = None
    """The smallest value that makes sense; of a list, the fewest values."""
    most: float | None = None
    """The largest value that makes sense."""
    choices: tuple[str, ...] = ()
    """All the values there are, when they can be listed here."""
    form: str = ""
    """How a text value is written, where that is not obvious."""
    check: Callable[[str], object] = str
    """Raises ValueError when one text value is malformed."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One field of `Settings` with all its names."""

    key: str
    default: Any
    setting: Setting

    @property
    def flag(self) -> str:
        """The command line's name for it; the application is the one positional argument."""
        return "APP" if self.key == "app" else "--" + self.key.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment's name for it."""
        return "MINNOW_" + self.key.upper()

    @property
    def several(self) -> bool:
        """Whether it holds a list of values."""
        return isinstance(self.default, tuple)


def _setting(default: Any, help: str, why: str, **more: Any) -> Any:  # noqa: A002 - the metadata's own name
    return field(default=default, metadata={_META: Setting(help, why, **more)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One run's settings. Sizes are in bytes, times in seconds."""

    app: str = _setting(
        "",
        "the WSGI application: module:attribute, or module:factory() to call it first",
        "there is nothing to serve without one",
        form="MODULE:ATTRIBUTE",
    )
    bind: tuple[str, ...] = _setting(
        ("127.0.0.1:8000",),
        "address to listen on; may be given several times, port 0 lets the system choose",
        "only this machine can reach it until you decide otherwise",
        least=1,
        form="HOST:PORT | [IPV6]:PORT | unix:PATH | fd://N",
        check=values.parse_address,
    )
    workers: int = _setting(
        1,
        "worker processes",
        "one core is enough for most sites, and one process is the easiest to watch; add one for each further core",
        unit="processes",
        least=1,
        most=MOST_WORKERS,
    )
    model: str = _setting(
        "coroutine",
        "how a worker waits for its connections (--list-models tells them all)",
        "it holds the most idle connections at the least cost, and blocking views do not block each other",
        form="NAME",
    )
    threads: int = _setting(
        40,
        "threads of a worker, in the models that have threads",
        "a thread costs little while it waits, and a database rarely takes more than 40 queries at once",
        unit="threads",
        least=1,
        most=10_000,
    )
    processes: int = _setting(
        8,
        "processes of a worker at once, in the models that have processes",
        "an idle one costs little, and more busy ones than a few for each core only take turns",
        unit="processes",
        least=1,
        most=1024,
    )
    backlog: int = _setting(
        2048,
        "connections that may wait to be accepted",
        "a burst or a reload should wait, not be refused; the kernel caps it at net.core.somaxconn",
        unit="connections",
        least=1,
        most=1_000_000,
    )
    reuse_port: bool = _setting(
        False,
        "give each worker a listening socket of its own (SO_REUSEPORT)",
        "one shared socket never strands a connection behind a busy worker; turn it on where the load spreads unevenly",
    )
    max_connections: int = _setting(
        10_000,
        "connections that a worker holds at once, in the models that hold many; more are answered with 503",
        "ten thousand idle ones cost about 10 MB in the coroutine model; the limit of open files is raised for them; "
        "in the other models clients over the number of threads or processes wait in the backlog",
        unit="connections",
        least=1,
        most=1_000_000,
    )
    request_line_limit: int = _setting(
        8192,
        "longest request line; a longer one is answered with 414",
        "RFC 9112 §3 asks for at least 8,000",
        unit=BYTES,
        least=32,
    )
    field_count_limit: int = _setting(
        100,
        "most fields in a request's head; more are answered with 431",
        "browsers send 10 to 20",
        unit="fields",
        least=1,
    )
    head_limit: int = _setting(
        65536,
        "longest head (request line and fields); a longer one is answered with 431",
        "cookies of a whole domain fit; memory for a client that is yet unknown should be small",
        unit=BYTES,
        least=64,
    )
    body_limit: int = _setting(
        16 << 20,
        "longest request body; a longer one is answered with 413",
        "forms and photographs fit; an upload service has to say that it is one",
        unit=BYTES,
        least=0,
    )
    body_memory: int = _setting(
        256 << 10,
        "part of a request body that is kept in memory; the rest goes to a temporary file",
        "nearly all forms stay in memory, and a thousand uploads at once still cost only 256 MB",
        unit=BYTES,
        least=0,
    )
    head_timeout: float = _setting(
        15.0,
        "time for a request's head to arrive; then 408",
        "a phone on a poor line needs a few seconds, a slow attack wants minutes",
        unit=SECONDS,
        least=0.01,
        most=LONGEST,
    )
    body_timeout: float = _setting(
        30.0,
        "time that a request's body may take beyond what body_rate grants; then 408",
        "the time a mobile connection may be gone for and come back",
        unit=SECONDS,
        least=0.01,
        most=LONGEST,
    )
    body_rate: int = _setting(
        256,
        "rate that a request body must keep up, in bytes a second",
        "slower than any real client, yet a drip of one byte a minute ends",
        unit="bytes/s",
        least=1,
    )
    idle_timeout: float = _setting(
        75.0,
        "time that a kept-alive connection may be idle before it is closed without a word",
        "longer than the 60 s of nginx and most load balancers, so that they close first and never reuse a closing one",
        unit=SECONDS,
        least=0.01,
        most=LONGEST,
    )
    write_timeout: float = _setting(
        30.0,
        "time that the client may take nothing of a response before the connection is cut",
        "a client that is alive takes something in half a minute",
        unit=SECONDS,
        least=0.01,
        most=LONGEST,
    )
    grace: float = _setting(
        20.0,
        "time for the requests in flight to end once the server or a worker is told to stop",
        "below the 30 s after which Kubernetes kills; give Docker Compose a stop_grace_period above it",
        unit=SECONDS,
        least=0,
        most=LONGEST,
    )
    drain_delay: float = _setting(
        0.0,
        "time to go on accepting after SIGTERM, with 503 at ready_path, so that load balancers turn away first",
        "a server with nothing in front of it should stop at once",
        unit=SECONDS,
        least=0,
        most=LONGEST,
    )
    ready_path: str = _setting(
        "/readyz",
        "path that is answered with 503 from SIGTERM on; the application answers it at all other times",
        "the usual name of a readiness probe",
        form="PATH",
        check=values.check_path,
    )
    access_log: str = _setting(
        "combined",
        "the form of the access log on standard output; combined is coloured on a terminal",
        "every log reader knows Apache's combined format; seconds are added at its end",
        choices=("combined", "json", "off"),
    )
    static: tuple[str, ...] = _setting(
        (),
        "serve the files of DIR under the path URL; may be given several times",
        "nothing is public that was not asked for",
        form="URL=DIR",
        check=values.check_mount,
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (),
        "peers whose Forwarded and X-Forwarded-* fields are believed; may be given several times",
        "anybody can send these fields, so nobody is believed until named; others' are removed",
        form="ADDRESS | CIDR | unix",
        check=values.parse_network,
    )
    proxy_fields: tuple[str, ...] = _setting(
        ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"),
        "fields that the trusted proxies set themselves; may be given several times",
        "what most proxies are set up for; a field that a proxy only passes on would be its client's own claim",
        choices=("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"),
    )
    reload: bool = _setting(
        False,
        "for development: load the application anew when a file changes, and show tracebacks to this machine",
        "it watches the file system and tells what no visitor should know",
    )


def declared() -> Iterator[Declared]:
    """Yield every setting in the order of its declaration."""
    for each in fields(Settings):
        yield Declared(each.name, each.default, each.metadata[_META])
