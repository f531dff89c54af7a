"""Where a request comes from, as it is counted."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address

HOST_PREFIX_BITS = 64  # what one household or machine is given of IPv6: it changes the rest at will


def network_of(address: str) -> str:
    """By what requests of an address are counted: IPv4 as it is, IPv6 by its /64; whatever is no address, as it is."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((found, HOST_PREFIX_BITS), strict=False))
