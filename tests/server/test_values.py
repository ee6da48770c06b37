"""The little languages of the settings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from server import values
from server.values import InheritedFd, Mount, TcpAddress, UnixAddress


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8000", TcpAddress("127.0.0.1", 8000)),
        ("localhost:0", TcpAddress("localhost", 0)),
        (":8000", TcpAddress("", 8000)),
        ("[::1]:8000", TcpAddress("::1", 8000)),
        ("unix:/run/minnow.sock", UnixAddress("/run/minnow.sock")),
        ("fd://3", InheritedFd(3)),
    ],
)
def test_an_address_has_one_of_four_forms(text: str, address: values.Address) -> None:
    """Each form gives its own kind of address, and prints as it was written."""
    assert values.parse_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "8000",
            "127.0.0.1",
            "::1:8000",
            "[::1]",
            "host:port",
            "host:65536",
            "host:-1",
            "unix:",
            "fd://",
            "fd://x",
        ),
        *("fd://99999999999999999999", "fd://-1", "fd://٣", "unix:a\0b", "a\0b:8000", "[a\0b]:8000"),
    ],
)
def test_a_malformed_address_is_refused(text: str) -> None:
    """What is none of the forms raises, and the message tells the forms."""
    with pytest.raises(ValueError, match=r"is not an address \(HOST:PORT"):
        values.parse_address(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("123", 123), ("256K", 256 << 10), ("16m", 16 << 20), ("1 GiB", 1 << 30), ("2MB", 2 << 20)],
)
def test_a_size_takes_powers_of_1024(text: str, size: int) -> None:
    """K, M and G multiply by 1,024 once, twice, three times."""
    assert values.parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "truth"),
    [("1", True), ("true", True), ("Yes", True), ("on", True), ("0", False), ("FALSE", False), ("no", False)],
)
def test_a_switch_takes_the_usual_words(text: str, truth: bool) -> None:
    """Case does not matter."""
    assert values.parse_switch(text) is truth


@pytest.mark.parametrize(
    ("parser", "text", "complaint"),
    [
        (values.parse_size, "16T", "'16T' is not a size"),
        (values.parse_size, "-1", "'-1' is not a size"),
        (values.parse_size, "1.5M", "is not a size"),
        (values.parse_switch, "perhaps", "'perhaps' is neither true nor false"),
        (values.parse_seconds, "soon", "'soon' is not a number of seconds"),
        (values.parse_whole, "2.0", "'2.0' is not a whole number"),
        (values.parse_mount, "static", "'static' is not a mount"),
        (values.parse_mount, "/static=", "is not a mount"),
        (values.parse_mount, "static=static", "is not a mount"),
        (values.parse_network, "10.0.0.0/33", "'10.0.0.0/33' is not a network"),
        (values.parse_network, "10.0.0.1/8", "'10.0.0.1/8' is not a network"),
    ],
)
def test_a_malformed_value_is_named_in_the_complaint(
    parser: Callable[[str], object], text: str, complaint: str
) -> None:
    """The complaint is half a sentence that begins with the value."""
    with pytest.raises(ValueError, match=complaint):
        parser(text)


def test_a_mount_has_no_slash_at_the_end() -> None:
    """`/static/=dir` and `/static=dir` are the same mount; an equals sign may stand in the directory."""
    assert values.parse_mount("/static/=a=b") == Mount("/static", "a=b")


def test_a_directory_that_cannot_be_looked_at_is_told(tmp_path: Path) -> None:
    """One that is not there, one that is a file, one whose name is longer than any can be."""
    (tmp_path / "file").touch()
    values.check_mount(f"/static={tmp_path}")
    for name, complaint in (
        ("none", "there is no directory"),
        ("file", "there is no directory"),
        ("x" * 300, "cannot be looked at: File name too long"),
    ):
        with pytest.raises(ValueError, match=complaint):
            values.check_mount(f"/static={tmp_path / name}")


def test_unix_peers_are_a_network_of_their_own() -> None:
    """They have no address, so the word stands for them."""
    assert values.parse_network("unix") is None
    assert str(values.parse_network("10.0.0.0/8")) == "10.0.0.0/8"
