"""Who sends a request: its address, and its purpose."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from falcon import Request

_OF_SCRIPTS = ("/rooms/clusters", "/rooms/summary")
"""Paths that scripts of a page request, and other clients too."""


class Proxies:
    """Proxies whose `X-Forwarded-For` is trusted: those on this machine, and others by their networks."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = [ip_network(network, strict=False) for network in networks]

    def address_of(self, req: Request) -> str:
        """Return the address that identifies a client, empty without one; for IPv6 its network of 64 bits.

        The last address in the list that is not a trusted proxy; anything before it could be forged.
        """
        forwarded = req.get_header("X-Forwarded-For") or ""
        route = [*forwarded.split(","), req.env.get("REMOTE_ADDR", "")]
        known = ""
        for named in reversed(route):
            try:
                address = ip_address(named.strip())
            except ValueError:
                break
            if isinstance(address, IPv6Address):
                address = address.ipv4_mapped or address
            known = str(address)
            if isinstance(address, IPv6Address):
                known = str(ip_network((address, 64), strict=False))
            if not (address.is_loopback or any(address in network for network in self._networks)):
                break
        return known


NO_PROXIES = Proxies()


def begins_view(req: Request) -> bool:
    """Whether this is a page whose script will request parts of it."""
    return req.path == "/" and req.method == "GET"


def is_part_of_view(req: Request) -> bool:
    """Whether this belongs to a page view that has begun: a part of a page, or a request of its script.

    Browsers say so; other clients may lie. Over HTTPS they send the headers of "Fetch Metadata Request
    Headers" (W3C), over plain HTTP only the page that they come from.
    """
    if req.path.startswith("/parts/"):
        return True
    if req.path not in _OF_SCRIPTS:
        return False
    site = req.get_header("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin" and req.get_header("Sec-Fetch-Dest") == "empty"
    try:
        return urlsplit(req.get_header("Referer") or "").netloc == req.get_header("Host")
    except ValueError:
        return False
