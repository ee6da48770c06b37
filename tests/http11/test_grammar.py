"""The parts of the grammar that another reader of it can check."""

from ipaddress import AddressValueError, IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from server.http11 import grammar

GROUPS = st.lists(
    st.sampled_from(["", "", "0", "1", "ff", "2001", "12345", "192.0.2.1", "1.2.3", "256.0.0.1"]), max_size=9
)


def _is_address(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


@given(GROUPS.map(":".join))
def test_ipv6_addresses(text: str) -> None:
    """A host in brackets is an IPv6 address to this server when it is one to the standard library."""
    assert bool(grammar.HOST_VALUE.fullmatch(f"[{text}]")) == _is_address(text)


@given(st.ip_addresses(v=6).flatmap(lambda address: st.sampled_from([str(address), address.exploded])))
def test_every_ipv6_address_is_a_host(text: str) -> None:
    """Short or long, with a port or without."""
    assert grammar.HOST_VALUE.fullmatch(f"[{text}]")
    assert grammar.HOST_VALUE.fullmatch(f"[{text.upper()}]:8000")


@given(st.integers(0, 200_000), st.sampled_from(["", "0", "00"]))
def test_a_port_has_16_bits(port: int, zeros: str) -> None:
    """Any that TCP has is a port, however it begins as long as it has five digits; none over them is."""
    text = f"{zeros}{port}"
    assert bool(grammar.HOST_VALUE.fullmatch(f"a:{text}")) == (port < 1 << 16 and len(text) <= 5)
