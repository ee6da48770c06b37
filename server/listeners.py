"""Listening sockets: TCP, IPv6, Unix and inherited ones.

The supervisor opens them before it forks, so that a connection that arrives while a worker is replaced waits in the
kernel's queue and is not refused. They are non-inheritable: no program that an application starts keeps a port busy.
"""

import ctypes
import errno
import os
import socket
import stat
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from server.errors import BindError
from server.values import Address, InheritedFd, TcpAddress, UnixAddress, parse_address

_REASON = {
    errno.EADDRINUSE: "already in use (choose another with --bind)",
    errno.EADDRNOTAVAIL: "no interface of this machine has that address",
    errno.ENOENT: "its directory does not exist",
    errno.EBADF: "no such descriptor is open here",
    errno.ENOTSOCK: "it is not a socket",
}
_WHOSE: dict[type[Address], str] = {
    TcpAddress: "ports below 1024 are the system's",
    UnixAddress: "its directory, or what is there already, is another user's",
    InheritedFd: "it is another user's",
}
"""Whose it is, where it is not ours."""


SO_ATTACH_FILTER = 26
# Linux, Documentation/networking/filter.rst: four instructions of classic BPF (code, jump if true, if false, operand).
_DROP_SYN = b"".join(
    struct.pack("=HBBI", *instruction)
    for instruction in (
        (0x30, 0, 0, 13),  # load the octet at 13 of the TCP header: its flags (RFC 9293 §3.1)
        (0x45, 0, 1, 0x02),  # is SYN among them?
        (0x06, 0, 0, 0),  # then drop the segment
        (0x06, 0, 0, 0xFFFFFFFF),  # or else keep it whole
    )
)


@dataclass(slots=True)
class Listener:
    """One address, open; with SO_REUSEPORT it has a socket for each worker, otherwise one for all."""

    address: Address
    backlog: int
    reuse_port: bool
    sockets: list[socket.socket] = field(default_factory=list)
    inode: int | None = None

    def for_slot(self, slot: int) -> socket.socket:
        """Return the socket of the worker in this slot, opening it when SO_REUSEPORT wants a new one."""
        if not self.reuse_port:
            return self.sockets[0]
        while len(self.sockets) <= slot:
            self.sockets.append(self._another())
        return self.sockets[slot]

    def _another(self) -> socket.socket:
        host, port = self.sockets[0].getsockname()[:2]  # the real port, when 0 was asked for
        anywhere = isinstance(self.address, TcpAddress) and not self.address.host
        return _open_tcp(TcpAddress("" if anywhere else host, port), self.backlog, reuse_port=True)

    def keep_only(self, kept: Iterable[socket.socket]) -> None:
        """Close every socket but these: a worker must not hold the sockets of others open."""
        mine = list(kept)
        for each in self.sockets:
            if each not in mine:
                each.close()

    def drop_slots(self, count: int) -> None:
        """Close the sockets of the slots from `count` on; whoever comes from now on, comes to another slot's."""
        if self.reuse_port:
            while len(self.sockets) > max(count, 1):
                dropped = self.sockets.pop()
                _drop_newcomers(dropped)
                dropped.close()

    def close(self) -> None:
        """Close the sockets, and remove a Unix socket's file if it is still the one made here.

        Workers may still hold them open, to serve who has connected. Nobody comes to those any more.
        """
        # While the socket is open its inode is not given to another file, so this comes first.
        if isinstance(self.address, UnixAddress) and self.inode is not None:
            with suppress(OSError):
                if Path(self.address.path).stat().st_ino == self.inode:
                    Path(self.address.path).unlink()
        self.inode = None
        for each in self.sockets:
            if isinstance(self.address, TcpAddress):  # an inherited socket is its owner's, who may go on with it
                _drop_newcomers(each)
            each.close()

    @property
    def url(self) -> str:
        """The address in the form that a client is given, with the real port."""
        one = self.sockets[0]
        if one.family == socket.AF_UNIX:
            path = one.getsockname()  # bytes in Linux's abstract namespace, whose names begin with a NUL
            return f"unix:{path if isinstance(path, str) else '@' + path[1:].decode('utf-8', 'backslashreplace')}"
        host, port = one.getsockname()[:2]
        return f"http://{TcpAddress(host, port)}"


def open_listeners(binds: Iterable[str], *, backlog: int, reuse_port: bool = False) -> list[Listener]:
    """Open every address of `--bind`. Raise BindError, with none left open, when one cannot be."""
    addresses = [parse_address(bind) for bind in binds]
    for address in addresses:
        if isinstance(address, InheritedFd) and addresses.count(address) > 1:
            raise BindError(f"cannot listen on {address}: it is given twice")
    opened: list[Listener] = []
    try:
        opened.extend(open_listener(address, backlog=backlog, reuse_port=reuse_port) for address in addresses)
    except BindError:
        for each in opened:
            each.close()
        raise
    return opened


def open_listener(address: Address, *, backlog: int, reuse_port: bool = False) -> Listener:
    """Open one address. Raise BindError with the reason when it cannot be listened on."""
    try:
        match address:
            case TcpAddress():
                return Listener(address, backlog, reuse_port, [_open_tcp(address, backlog, reuse_port=reuse_port)])
            case UnixAddress(path):
                opened = _open_unix(path, backlog)
                return Listener(address, backlog, False, [opened], Path(path).stat().st_ino)
            case InheritedFd(fd):
                return Listener(address, backlog, False, [_adopt(fd, backlog)])
    except socket.gaierror as error:
        raise BindError(f"cannot listen on {address}: {error.strerror}") from None
    except UnicodeError:  # from the codec that turns a name into labels (RFC 1035 §2.3.4)
        raise BindError(f"cannot listen on {address}: no host can have that name") from None
    except OSError as error:
        reason = _REASON.get(error.errno or 0, error.strerror or str(error))  # "path too long" has no number
        if error.errno == errno.EACCES:
            reason = f"not permitted ({_WHOSE[type(address)]}; choose another with --bind)"
        raise BindError(f"cannot listen on {address}: {reason}") from None


def _open_tcp(address: TcpAddress, backlog: int, *, reuse_port: bool) -> socket.socket:
    found = socket.getaddrinfo(address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # "" means 0.0.0.0 and ::, and a socket on :: with V6ONLY off takes both; a name such as localhost means IPv4 first.
    wanted = socket.AF_INET if address.host or not socket.has_dualstack_ipv6() else socket.AF_INET6
    family, kind, protocol, _, target = min(found, key=lambda each: each[0] != wanted)
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # do not wait for TIME_WAIT of the last run
        if reuse_port:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(bool(address.host)))
        opened.bind(target)
        opened.listen(backlog)
    except OSError:
        opened.close()
        raise
    return opened


def _open_unix(path: str, backlog: int) -> socket.socket:
    _remove_stale(path)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.bind(path)
        opened.listen(backlog)
    except OSError:
        opened.close()
        raise
    return opened


def _remove_stale(path: str) -> None:
    """Remove the file of a socket that nobody listens on. Raise FileExistsError when something else is there."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(
                errno.EEXIST, "there is something that is no socket (move it, or choose another path)"
            )
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            try:
                probe.connect(path)
            except ConnectionRefusedError:
                Path(path).unlink()
            except BlockingIOError:  # somebody listens, with a full backlog
                pass


def _drop_newcomers(listener: socket.socket) -> None:
    """Have the kernel disregard who begins to connect, for all who share the listener.

    A client that connected between a worker's last `accept` and its `close` would be cut off with a request on its way.
    This one sends its SYN again in a second, finds the port closed, and has lost nothing. Handshakes that have begun
    are completed.
    """
    program = ctypes.create_string_buffer(_DROP_SYN)
    with suppress(OSError):  # closed before, or a kernel without it
        listener.setsockopt(
            socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(_DROP_SYN) // 8, ctypes.addressof(program))
        )


def _adopt(fd: int, backlog: int) -> socket.socket:
    adopted = socket.socket(fileno=fd)
    if adopted.type != socket.SOCK_STREAM:
        adopted.detach()
        raise OSError(errno.EINVAL, "it is not a stream socket")
    adopted.set_inheritable(False)
    adopted.listen(backlog)  # a no-op for one that listens already, but for the backlog
    return adopted
