"""Which addresses huijia may call: a partner names a URL, and must not make us call into our own network with it."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

EVERYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
"""For an address that the operators themselves have set."""

# IANA IPv4 Special-Purpose Address Registry (RFC 6890 and what came after), and multicast: nobody's public host.
_SPECIAL = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip

# Of IPv6 only this is given out to hosts (RFC 4291 §2.4); less what is special in it: protocol assignments with Teredo
# (RFC 2928, 4380), documentation (RFC 3849, 9637), 6to4 (RFC 3056), AS112 (RFC 7535).
_UNICAST = IPv6Network("2000::/3")
_SPECIAL_6 = tuple(
    IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
# An IPv4 host by another name: mapped (RFC 4291 §2.5.5.2), and translated by NAT64 (RFC 6052).
_MAPPED, _NAT64 = IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96")
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})  # RFC 5214 §6.1: an IPv4 address in the lower half


def may_call(address: Address, allowed: Sequence[Network]) -> bool:
    """True for a public host, and for what an operator has allowed. An IPv6 form that stands for an IPv4 host is judged
    as that host."""
    plain = _plain(address)
    if any(one in network for one in {address, plain} for network in allowed if network.version == one.version):
        return True
    if isinstance(plain, IPv4Address):
        return not any(plain in block for block in _SPECIAL)
    if plain.scope_id is not None or plain not in _UNICAST or any(plain in block for block in _SPECIAL_6):
        return False
    return (int(plain) >> 32) & 0xFFFF_FFFF not in _ISATAP


def _plain(address: Address) -> Address:
    if isinstance(address, IPv6Address) and (address in _MAPPED or address in _NAT64):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def read_address(host: str) -> Address | None:
    """The address that a host of a URL is, without its brackets; ``None`` for a name."""
    try:
        return ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def read_networks(text: str) -> tuple[Network, ...]:
    """Comma-separated networks in CIDR form; a single address is a network of one. Raises ValueError and names what it
    cannot read."""
    return tuple(ip_network(part.strip()) for part in text.replace("，", ",").split(",") if part.strip())
