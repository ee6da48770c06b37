"""The little languages of the settings: sizes, switches, addresses, mounts, networks.

Each parser takes the text of one value and raises ValueError with the second half of a sentence ("'x' is not …").
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import NamedTuple, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

_SIZE = re.compile(r"(\d+)\s*([KMG]?)(?:i?B)?", re.ASCII | re.IGNORECASE)
_FACTOR = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_HOST_PORT = re.compile(r"(?:\[(?P<six>[^\]\0]+)\]|(?P<host>[^:\[\]\0]*)):(?P<port>\d{1,5})", re.ASCII)
_FD = re.compile(r"fd://(\d{1,9})", re.ASCII)  # more digits than any descriptor has, fewer than a C int
_TOP_PORT = 65535


class TcpAddress(NamedTuple):
    """A host name or address ("" is every interface) and a port (0 lets the system choose)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class UnixAddress(NamedTuple):
    """A path in the file system."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


class InheritedFd(NamedTuple):
    """A listening socket that the parent process left open at this descriptor."""

    fd: int

    def __str__(self) -> str:
        return f"fd://{self.fd}"


Address: TypeAlias = TcpAddress | UnixAddress | InheritedFd


class Mount(NamedTuple):
    """A directory of files and the URL path that it is seen under."""

    prefix: str
    directory: str


def parse_whole(text: str) -> int:
    """Parse a whole number."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def parse_size(text: str) -> int:
    """Parse a number of bytes; K, M and G stand for powers of 1,024."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a size (a number of bytes, or 256K, 16M, 1G)")
    return int(found[1]) * _FACTOR[found[2].upper()]


def parse_seconds(text: str) -> float:
    """Parse a number of seconds."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number of seconds") from None


def parse_switch(text: str) -> bool:
    """Parse yes or no."""
    try:
        return _SWITCH[text.strip().lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither true nor false") from None


def parse_address(text: str) -> Address:
    """Parse a value of `--bind`: HOST:PORT, [IPV6]:PORT, unix:PATH or fd://NUMBER."""
    if text.startswith("unix:") and text != "unix:" and "\0" not in text:
        return UnixAddress(text.removeprefix("unix:"))
    if inherited := _FD.fullmatch(text):
        return InheritedFd(int(inherited[1]))
    found = _HOST_PORT.fullmatch(text)
    if found is None or int(found["port"]) > _TOP_PORT:
        raise ValueError(f"{text!r} is not an address (HOST:PORT, [IPV6]:PORT, unix:PATH or fd://NUMBER)")
    return TcpAddress(found["six"] or found["host"], int(found["port"]))


def parse_mount(text: str) -> Mount:
    """Parse a value of `--static`: URL=DIRECTORY."""
    prefix, equals, directory = text.partition("=")
    if not (equals and directory and prefix.startswith("/")):
        raise ValueError(f"{text!r} is not a mount (URL=DIRECTORY, such as /static=static)")
    return Mount("/" + prefix.strip("/"), directory)


def check_mount(text: str) -> None:
    """Insist that a value of `--static` names a directory that is there: files that nobody finds are a mistake."""
    directory = parse_mount(text).directory
    try:
        is_there = Path(directory).is_dir()
    except OSError as error:  # a directory above it that may not be searched, a name that is too long
        raise ValueError(f"the directory {directory} cannot be looked at: {error.strerror}") from None
    if not is_there:
        raise ValueError(f"there is no directory {directory} (relative to {Path.cwd()})")


def check_path(text: str) -> None:
    """Insist on a path as a request has it, or on none at all."""
    if text and not text.startswith("/"):
        raise ValueError(f"{text!r} is not a path (it begins with a slash, such as /readyz)")


def parse_network(text: str) -> Network | None:
    """Parse a value of `--trusted-proxies`: an address, a CIDR network, or "unix" (None) for peers on a Unix socket."""
    if text == "unix":
        return None
    try:
        return ip_network(text)
    except ValueError:
        hint = "an address, a network such as 10.0.0.0/8, or unix"
        raise ValueError(f"{text!r} is not a network ({hint})") from None
