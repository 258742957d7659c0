"""The truth table of where huijia may call."""

from ipaddress import ip_address

import pytest

from app.domain.calling import may_call, read_address, read_networks

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
    "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
    "198.20.0.0", "223.255.255.255", "202.100.4.15", "2400:3200::1", "2606:4700:4700::1111", "240e::1", "2001:4860::8888",
    "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
]  # fmt: skip
NOT = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1",
    "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0",
    "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8",
    "100::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "3fff::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "4000::1",
    "2400:3200::5efe:10.0.0.1", "2400:3200::200:5efe:127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_hosts_may_be_called(address: str) -> None:
    assert may_call(ip_address(address), ())


@pytest.mark.parametrize("address", NOT)
def test_nothing_else_may(address: str) -> None:
    assert not may_call(ip_address(address), ())


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("10.20.1.1", True), ("::ffff:10.20.1.1", True), ("64:ff9b::10.20.1.1", True), ("10.21.0.0", False),
        ("127.0.0.1", True), ("127.0.0.2", False), ("::1", False), ("::ffff:127.0.0.1", True), ("fd12::7", True),
        ("fd13::7", False), ("8.8.8.8", True), ("169.254.169.254", False),
    ],
)  # fmt: skip
def test_what_an_operator_has_allowed(address: str, may: bool) -> None:
    allowed = read_networks("10.20.0.0/16, 127.0.0.1，fd12::/16")
    assert may_call(ip_address(address), allowed) is may


def test_hosts_that_are_addresses() -> None:
    assert read_address("[::1]") == ip_address("::1")
    assert read_address("127.0.0.1") == ip_address("127.0.0.1")
    assert read_address("station.example") is None


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.1/8", "intranet", "10.0.0.0-10.0.0.9"])
def test_networks_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"10\.0|intranet"):
        read_networks(text)


def test_no_networks() -> None:
    assert read_networks(" ") == ()
