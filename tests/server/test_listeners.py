"""Listening sockets of every kind."""

import os
import socket
from pathlib import Path

import pytest

from server.errors import BindError
from server.listeners import Listener, open_listener, open_listeners
from server.values import InheritedFd, TcpAddress, UnixAddress, parse_address


def opened(bind: str, *, reuse_port: bool = False) -> Listener:
    """Open one address."""
    return open_listener(parse_address(bind), backlog=16, reuse_port=reuse_port)


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("127.0.0.1:0", "http://127.0.0.1:{port}"),
        ("localhost:0", "http://127.0.0.1:{port}"),
        ("[::1]:0", "http://[::1]:{port}"),
        ("0.0.0.0:0", "http://0.0.0.0:{port}"),
    ],
)
def test_a_tcp_listener_answers_at_its_real_port(bind: str, url: str) -> None:
    """Port 0 becomes the one that the system chose; no program started later inherits the socket."""
    listener = opened(bind)
    try:
        one = listener.sockets[0]
        host, port = one.getsockname()[:2]
        assert port > 0
        assert listener.url == url.format(port=port)
        assert not one.get_inheritable()
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
        socket.create_connection((host, port), timeout=5).close()
    finally:
        listener.close()


def test_no_host_means_every_interface_of_both_kinds() -> None:
    """`:8000` takes IPv4 and IPv6 clients."""
    listener = opened(":0")
    try:
        port = listener.sockets[0].getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port), timeout=5).close()
    finally:
        listener.close()


def test_a_taken_port_says_what_to_do() -> None:
    """The address is named as it was given."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BindError) as caught:
            opened(f"127.0.0.1:{port}")
    assert str(caught.value) == f"cannot listen on 127.0.0.1:{port}: already in use (choose another with --bind)"


@pytest.mark.parametrize(
    ("bind", "reason"),
    [
        ("192.0.2.1:0", "no interface of this machine has that address"),
        ("no-such-host.invalid:0", "cannot listen on no-such-host.invalid:0: "),
        ("unix:/no/such/directory/x.sock", "its directory does not exist"),
        ("unix:" + "x" * 200, "path too long"),
        ("unix:" + "/dev/null/x.sock", "Not a directory"),
        ("fd://1000", "no such descriptor is open here"),
        ("x" * 64 + ".example:0", "no host can have that name"),
        ("a..b:0", "no host can have that name"),
    ],
)
def test_what_cannot_be_opened_says_why(bind: str, reason: str) -> None:
    """One line with the address and the reason."""
    with pytest.raises(BindError, match=reason) as caught:
        opened(bind)
    assert str(caught.value).startswith(f"cannot listen on {bind}: ")


def test_one_failure_leaves_nothing_open(tmp_path: Path) -> None:
    """The addresses before it are closed again, their files removed."""
    path = tmp_path / "x.sock"
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(BindError):
        open_listeners([f"unix:{path}", "127.0.0.1:0", "192.0.2.1:0"], backlog=16)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert not path.exists()


def test_a_unix_socket_removes_its_own_file(tmp_path: Path) -> None:
    """On closing, unless another server has put its own there meanwhile."""
    path = tmp_path / "x.sock"
    first = opened(f"unix:{path}")
    assert first.url == f"unix:{path}"
    path.unlink()
    second = opened(f"unix:{path}")
    first.close()
    assert path.exists()
    second.close()
    assert not path.exists()


def test_a_stale_socket_file_is_replaced(tmp_path: Path) -> None:
    """What a killed server left is no obstacle."""
    path = tmp_path / "x.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    listener = opened(f"unix:{path}")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    listener.close()


def test_a_socket_file_that_answers_is_left_alone(tmp_path: Path) -> None:
    """It is another server's."""
    path = tmp_path / "x.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(BindError, match="already in use"):
            opened(f"unix:{path}")
    assert path.exists()


@pytest.mark.timeout(20)
def test_a_socket_file_with_a_full_backlog_is_left_alone(tmp_path: Path) -> None:
    """Its server is busy, not dead, and asking must not wait for it."""
    path = tmp_path / "x.sock"
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(str(path))
        busy.listen(0)
        waiting.connect(str(path))
        with pytest.raises(BindError, match="already in use"):
            opened(f"unix:{path}")
    assert path.exists()


def test_another_users_directory_is_told_from_a_low_port(tmp_path: Path) -> None:
    """Who asked for a Unix socket reads nothing of ports."""
    tmp_path.chmod(0o500)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)  # "nobody": root may write everywhere
    try:
        with pytest.raises(
            BindError, match=r"not permitted \(its directory, or what is there already, is another user's"
        ):
            opened(f"unix:{tmp_path}/x.sock")
    finally:
        if is_root:
            os.seteuid(0)
        tmp_path.chmod(0o700)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    """A slip of the keyboard must not delete a file."""
    path = tmp_path / "precious.txt"
    path.write_text("mine")
    with pytest.raises(BindError, match="there is something that is no socket"):
        opened(f"unix:{path}")
    assert path.read_text() == "mine"


def test_an_inherited_socket_is_adopted() -> None:
    """Its address is its own, and it is passed on to nobody else."""
    with socket.create_server(("127.0.0.1", 0)) as parent:
        fd = os.dup(parent.fileno())
        os.set_inheritable(fd, True)
        listener = open_listener(InheritedFd(fd), backlog=16)
        assert listener.url == f"http://127.0.0.1:{parent.getsockname()[1]}"
        assert not os.get_inheritable(fd)
        listener.close()


def test_an_inherited_abstract_socket_is_named_as_usual() -> None:
    """With an @ for the NUL that its name begins with, as `ss` shows it."""
    with socket.socket(socket.AF_UNIX) as parent:
        parent.bind(f"\0minnow-test-{os.getpid()}")
        parent.listen()
        listener = open_listener(InheritedFd(os.dup(parent.fileno())), backlog=16)
        assert listener.url == f"unix:@minnow-test-{os.getpid()}"
        listener.close()


def test_a_descriptor_that_is_given_twice_is_refused() -> None:
    """Two sockets over one descriptor would close it under each other."""
    with socket.create_server(("127.0.0.1", 0)) as parent:
        fd = os.dup(parent.fileno())
        with pytest.raises(BindError, match=rf"^cannot listen on fd://{fd}: it is given twice$"):
            open_listeners([f"fd://{fd}", f"fd://{fd}"], backlog=16)
        os.close(fd)


def test_an_inherited_plain_file_is_refused(tmp_path: Path) -> None:
    """The line says so in words."""
    with (tmp_path / "file").open("w") as file, pytest.raises(BindError, match="it is not a socket"):
        open_listener(InheritedFd(file.fileno()), backlog=16)


def test_an_inherited_datagram_socket_is_refused() -> None:
    """HTTP/1.1 wants a stream; the descriptor is still the caller's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        with pytest.raises(BindError, match="it is not a stream socket"):
            open_listener(InheritedFd(datagram.fileno()), backlog=16)
        datagram.getsockname()


def test_all_slots_share_a_socket_unless_told_otherwise() -> None:
    """One queue for all workers."""
    listener = opened("127.0.0.1:0")
    assert listener.for_slot(0) is listener.for_slot(7)
    listener.drop_slots(1)
    assert len(listener.sockets) == 1
    listener.close()


def test_with_reuse_port_each_slot_has_a_socket_of_its_own() -> None:
    """On the same port, the same for the same slot; a worker keeps only its own, a slot that goes takes it along."""
    listener = opened("127.0.0.1:0", reuse_port=True)
    zero, two = listener.for_slot(0), listener.for_slot(2)
    assert len({each.getsockname() for each in listener.sockets}) == 1
    assert listener.for_slot(2) is two
    listener.drop_slots(2)
    assert [each.fileno() >= 0 for each in (zero, two)] == [True, False]
    one = listener.for_slot(1)
    listener.keep_only([one])
    assert [each.fileno() >= 0 for each in (zero, one)] == [False, True]
    listener.close()


def test_with_reuse_port_each_socket_of_no_host_takes_both_kinds() -> None:
    """Otherwise all workers but the first would be left without clients."""
    listener = opened(":0", reuse_port=True)
    listener.for_slot(1)
    only = [each.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) for each in listener.sockets]
    assert only == [0, 0]
    listener.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_nobody_comes_to_what_is_closed(host: str) -> None:
    """Who has connected is there for the workers that still hold the socket; a newcomer isn't, and has sent nothing."""
    listener = opened(f"{host}:0")
    shared, address = listener.sockets[0].dup(), listener.sockets[0].getsockname()
    with shared, socket.create_connection(address[:2], timeout=5) as early:
        listener.close()
        with pytest.raises(TimeoutError):
            socket.create_connection(address[:2], timeout=0.2)
        accepted, peer = shared.accept()
        with accepted:
            assert peer == early.getsockname()
            early.sendall(b"request")
            assert accepted.recv(16) == b"request"
        shared.setblocking(False)
        with pytest.raises(BlockingIOError):
            shared.accept()


def test_an_inherited_socket_stays_as_it_was_for_its_owner() -> None:
    """Who passed it on (a service manager, say) may go on with it."""
    with socket.create_server(("127.0.0.1", 0)) as owned:
        opened(f"fd://{os.dup(owned.fileno())}").close()
        socket.create_connection(owned.getsockname(), timeout=5).close()
        owned.accept()[0].close()


def test_addresses_print_as_they_are_given() -> None:
    """For messages and logs."""
    assert [str(each) for each in (TcpAddress("::1", 1), UnixAddress("/x"), InheritedFd(3))] == [
        "[::1]:1",
        "unix:/x",
        "fd://3",
    ]
