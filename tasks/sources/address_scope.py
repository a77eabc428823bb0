"""How far a network address is: what a stranger's redirect must not lead us to."""

import ipaddress
from typing import Literal

Reach = Literal["public", "private", "loopback", "forbidden"]


def reach_of(address: str) -> Reach:
    """Where an IP address lies. Link-local ones, where clouds keep credentials for the asking, are always forbidden.

    >>> reach_of("93.184.216.34"), reach_of("10.1.2.3"), reach_of("::ffff:127.0.0.1"), reach_of("169.254.169.254")
    ('public', 'private', 'loopback', 'forbidden')
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback:
        return "loopback"
    if found.is_link_local or found.is_multicast or found.is_unspecified:
        return "forbidden"
    return "public" if found.is_global else "private"
