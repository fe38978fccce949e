"""Visitors: the address that counts, whether a view has begun, and how often clients are checked."""

import pytest
from falcon import Request, testing

from rentomatic.web.limits.client import Seldom
from rentomatic.web.limits.visitors import Proxies, is_part_of_view

CLUSTERS = "/rooms/clusters"


def request(path: str = "/", peer: str = "192.0.2.1", **headers: str) -> Request:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Request(testing.create_environ(path, headers=named, remote_addr=peer, host="rooms.example"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("::1", "198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "198.51.100.7", "198.51.100.7"),
        ("::ffff:10.1.2.3", "198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "198.51.100.7, 10.9.9.9", "198.51.100.7"),
        ("10.1.2.3", "unknown", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("", "", ""),
    ],
)
def test_the_address_is_the_peers_or_the_one_named_by_a_trusted_proxy(
    peer: str, forwarded: str, address: str
) -> None:
    headers = {"X_Forwarded_For": forwarded} if forwarded else {}

    assert address == Proxies(["10.0.0.0/8"]).address_of(request(peer=peer, **headers))


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/parts/rooms", {}),
        (CLUSTERS, {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Dest": "empty"}),
        ("/rooms/summary", {"Referer": "http://rooms.example/?q=wifi"}),
    ],
)
def test_requests_of_a_page_belong_to_its_view(path: str, headers: dict[str, str]) -> None:
    assert is_part_of_view(request(path, **headers))


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"Referer": "http://rooms.example/"}),
        ("/rooms", {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Dest": "empty"}),
        (CLUSTERS, {}),
        (CLUSTERS, {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "empty"}),
        (CLUSTERS, {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Dest": "document"}),
        (CLUSTERS, {"Referer": "http://partner.example/"}),
        (CLUSTERS, {"Referer": "http://[::1"}),
    ],
)
def test_new_views_and_requests_of_programs_belong_to_no_view(path: str, headers: dict[str, str]) -> None:
    assert not is_part_of_view(request(path, **headers))


def test_seldom_allows_one_at_a_time_and_not_right_after() -> None:
    seldom = Seldom(1e-9)
    with seldom.allowed() as first, seldom.allowed() as at_once:
        pass
    with seldom.allowed() as right_after:
        pass

    assert (True, False, False) == (first, at_once, right_after)
