"""How the base map is made: what is clipped, dropped and labelled."""

import pytest

from vendoring.basemap import borders
from vendoring.geometry import area, clip_line, clip_ring, project, simplify
from vendoring.labels import Kind, Label, arranged

UNIT = (0.0, 0.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("degrees", "square"),
    [((0, 0), (0.5, 0.5)), ((-180, 85.0511), (0, 0)), ((180, -90), (1, 1))],
)
def test_the_earth_is_projected_onto_a_square(
    degrees: tuple[float, float], square: tuple[float, float]
) -> None:
    assert project(degrees) == pytest.approx(square, abs=1e-6)


def test_a_ring_is_clipped_to_a_cell() -> None:
    around = [(-1.0, -1.0), (2.0, -1.0), (2.0, 2.0), (-1.0, 2.0)]
    across = [(0.5, 0.5), (1.5, 0.5), (1.5, 0.75), (0.5, 0.75)]

    assert 1 == area(clip_ring(around, UNIT))
    assert 0.125 == area(clip_ring(across, UNIT))
    assert [] == clip_ring([(2.0, 2.0), (3.0, 2.0), (3.0, 3.0)], UNIT)


def test_a_line_is_kept_where_it_touches_a_cell() -> None:
    line = [(-2.0, 0.5), (-1.0, 0.5), (0.5, 0.5), (2.0, 0.5), (3.0, 0.5), (3.0, 0.1), (0.5, 0.1)]

    expected = [[(-1.0, 0.5), (0.5, 0.5), (2.0, 0.5)], [(3.0, 0.1), (0.5, 0.1)]]
    assert expected == list(clip_line(line, UNIT))


def test_a_point_that_changes_little_is_dropped() -> None:
    line = [(0.0, 0.0), (1.0, 0.1), (2.0, 0.0), (3.0, 2.0)]

    assert [(0.0, 0.0), (2.0, 0.0), (3.0, 2.0)] == simplify(line, 0.5)
    assert line == simplify(line, 0.05)


def test_a_border_is_the_line_that_two_countries_share() -> None:
    west = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (0.0, 2.0), (0.0, 0.0)]
    east = [(1.0, 0.0), (2.0, 0.0), (2.0, 2.0), (1.0, 2.0), (1.0, 1.0), (1.0, 0.0)]

    assert [[(1.0, 0.0), (1.0, 1.0), (1.0, 2.0)]] == borders([west, east])


def place(name: str, x: float, weight: float, kind: Kind = Kind.TOWN) -> Label:
    return Label(name, kind, (x, 0.5), weight, first=5, last=14)


def test_the_larger_of_two_places_is_labelled_first_and_the_other_once_there_is_room() -> None:
    small, great = place("Smallham", 0.5, 1e5), place("Greatham", 0.501, 1e6)

    found = {label.name: label.first for label in arranged([small, great])}

    assert found["Greatham"] == 5
    assert 5 < found["Smallham"] < 14


def test_a_city_keeps_its_place_until_there_is_room_for_it() -> None:
    """Its neighbour, which has room first, would otherwise hide it for good."""
    capital = place("Capital", 0.5, 9e6, Kind.CITY)
    port = place("Port", 0.503, 1e6, Kind.CITY)
    suburb = place("Suburb", 0.5055, 1e5)

    found = {label.name: label.first for label in arranged([suburb, capital, port])}

    assert found["Port"] <= found["Suburb"]


def test_a_place_without_room_at_any_zoom_is_left_out() -> None:
    there, same = place("There", 0.5, 2e5), place("Same", 0.5, 1e5)

    assert [there] == arranged([there, same])


def test_a_country_makes_room_for_its_great_city() -> None:
    country = place("Country", 0.5, 1e12, Kind.COUNTRY)
    city = place("City", 0.5, 5e6, Kind.CITY)

    found = {label.name: label.first for label in arranged([country, city])}

    assert {"Country": 5, "City": 5} == found
    assert country.where != city.where
