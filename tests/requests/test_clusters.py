"""The parameters of a map: bbox and zoom are required, filters are optional."""

import pytest

from rentomatic.domain.geography import BoundingBox, Circle, Point
from rentomatic.domain.search import Condition, Field, Operator
from rentomatic.requests.clusters import parse_map
from rentomatic.use_cases.errors import ParametersError, Problem

BOX = ("bbox", "-0.2,51.4,0.1,51.6")
ZOOM = ("zoom", "11")


def problems(*parameters: tuple[str, str]) -> list[Problem]:
    with pytest.raises(ParametersError) as caught:
        parse_map(parameters)
    return list(caught.value.problems)


def test_bbox_and_zoom_describe_a_map() -> None:
    asked = parse_map([BOX, ZOOM])

    box = BoundingBox(-0.2, 51.4, 0.1, 51.6)
    assert (box, 11, (box,)) == (asked.box, asked.zoom, asked.query.areas)


def test_clusters_accept_the_filters_of_a_search() -> None:
    asked = parse_map([BOX, ZOOM, ("filter_price__lt", "60"), ("near", "51.5,-0.1"), ("radius", "2000")])

    assert (Condition(Field.PRICE, Operator.LT, 60),) == asked.query.conditions
    assert (asked.box, Circle(Point(51.5, -0.1), 2000)) == asked.query.areas


def test_missing_parameters_are_named() -> None:
    assert [Problem("bbox", "is needed"), Problem("zoom", "is needed")] == problems()


@pytest.mark.parametrize("zoom", ["-1", "23", "1.5", "", " 3"])
def test_a_zoom_is_a_whole_number_from_0_to_22(zoom: str) -> None:
    assert ["zoom"] == [problem.parameter for problem in problems(BOX, ("zoom", zoom))]


@pytest.mark.parametrize("name", ["sort", "limit", "cursor", "count", "format", "colour"])
def test_parameters_for_pages_are_refused(name: str) -> None:
    assert [name] == [problem.parameter for problem in problems(BOX, ZOOM, (name, "1"))]
