import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.geography import BoundingBox, Circle, Point
from rentomatic.domain.quoting import shortened, visible
from rentomatic.domain.search import (
    BY_CODE,
    BY_DISTANCE,
    SORTS,
    Condition,
    Field,
    Operator,
    RoomQuery,
    Value,
)
from rentomatic.requests import cursor
from rentomatic.requests.search import FILTERS, Format, canonical, parse_format, parse_search
from rentomatic.use_cases.errors import ParametersError
from tests.builders import make_room


def parse(**parameters: str) -> RoomQuery:
    return parse_search(parameters.items()).query


def problems_of(parameters: list[tuple[str, str]]) -> dict[str, str]:
    with pytest.raises(ParametersError) as refusal:
        parse_search(parameters)
    return {problem.parameter: problem.message for problem in refusal.value.problems}


def test_a_search_without_parameters_is_sorted_by_code() -> None:
    request = parse_search([])

    assert RoomQuery() == request.query
    assert (request.limited, request.with_total, request.format) == (False, False, None)


@pytest.mark.parametrize("operator", ["eq", "ne", "lt", "lte", "gt", "gte", "in"])
@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("code", "a1", "a1"),
        ("size", "7", 7),
        ("price", "0", 0),
        ("latitude", "-0.5", -0.5),
        ("longitude", "180", 180.0),
    ],
)
def test_every_field_has_every_operator(field: str, text: str, value: Value, operator: str) -> None:
    (condition,) = parse(**{f"filter_{field}__{operator}": text}).conditions

    assert (field, operator) == (condition.field, condition.operator)
    assert ((value,) if operator == "in" else value) == condition.value
    assert type(value) is type(condition.value[0] if isinstance(condition.value, tuple) else condition.value)


@pytest.mark.parametrize("text", ["", " ", "a\x00b", "a\nb", "\u202eab", "x" * 61, "\ud800"])
@pytest.mark.parametrize("operator", ["eq", "ne", "in"])
def test_texts_that_no_room_can_have_are_refused(operator: str, text: str) -> None:
    name = f"filter_kind__{operator}"

    assert {name} == problems_of([(name, text)]).keys()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("filter_kind__lt", "is not a parameter: kind takes only eq, ne, in"),
        ("filter_title__eq", "is not a parameter: title takes no condition"),
    ],
)
def test_operators_that_a_field_takes_are_named(name: str, message: str) -> None:
    assert {name: message} == problems_of([(name, "b")])


def test_other_filters_do_not_exist() -> None:
    texts = ("kind", "neighbourhood")
    others = ("code", "size", "price", "latitude", "longitude", "guests", "min_stay")

    assert 3 * len(texts) + 7 * len(others) + len(["features__all"]) == len(FILTERS)


def test_a_search_may_use_every_parameter_at_once() -> None:
    request = parse_search(
        [
            ("filter_price__lt", "60"),
            ("filter_price__gte", "20"),
            ("filter_code__in", "a,B,F853578C-FC0F-4E65-81B8-566C5DFFA35A"),
            ("filter_latitude__gt", "-0.5"),
            ("bbox", "-0.2,51.4,0.1,51.6"),
            ("near", "51.5,-0.12"),
            ("radius", "2e3"),
            ("sort", "-price"),
            ("limit", "5"),
            ("count", "exact"),
            ("format", "geojson"),
        ]
    )

    expected = RoomQuery(
        conditions=(
            Condition(Field.PRICE, Operator.LT, 60),
            Condition(Field.PRICE, Operator.GTE, 20),
            Condition(Field.CODE, Operator.IN, ("a", "B", "f853578c-fc0f-4e65-81b8-566c5dffa35a")),
            Condition(Field.LATITUDE, Operator.GT, -0.5),
        ),
        areas=(BoundingBox(-0.2, 51.4, 0.1, 51.6), Circle(Point(51.5, -0.12), 2000.0)),
        near=Point(51.5, -0.12),
        sort=SORTS["-price"],
        limit=5,
    )
    assert expected == request.query
    assert (request.limited, request.with_total, request.format) == (True, True, Format.GEOJSON)


def test_a_search_near_a_point_is_sorted_by_distance_by_default() -> None:
    assert parse(near="51.5,-0.12").sort == BY_DISTANCE
    assert parse(near="51.5,-0.12", sort="code").sort == BY_CODE


BAD_INTEGERS = [
    "", " ", " 5", "5 ", "5 0", "1_000", "1,", "+5", "--5", "5.0", "1e3", "0x10", "²", "٣", "५",
    "５", "nan", "NaN", "inf", "-inf", "None", "null", "5\x00", "\x00", "5\n", "9" * 400,
    "2147483648", "-2147483649", "99999999999999999999", "'; DROP TABLE room", "true",
]  # fmt: skip

BAD_DECIMALS = [
    "", " ", " 5", "5 ", "1_0", "+5", "5.", ".5", "1e", "1e999", "-1e999", "nan", "NaN", "inf",
    "Infinity", "0x1p3", "²", "٣", "5,5,5", "5\x00", "1e-9999", "9" * 400, "181", "-181", "1;2",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD_INTEGERS)
@pytest.mark.parametrize("name", ["filter_price__lt", "filter_size__ne", "filter_price__in", "limit"])
def test_an_invalid_whole_number_is_refused_by_name(name: str, text: str) -> None:
    assert [name] == list(problems_of([(name, text)]))


@pytest.mark.parametrize("text", BAD_DECIMALS)
@pytest.mark.parametrize("name", ["filter_latitude__lt", "filter_longitude__gte", "near", "bbox"])
def test_invalid_degrees_are_refused_by_name(name: str, text: str) -> None:
    texts = {"near": f"{text},1", "bbox": f"{text},0,1,1"}
    if text.endswith(" "):  # allowed before a comma
        texts = {"near": f"1,{text}", "bbox": f"0,0,1,{text}"}

    assert [name] == list(problems_of([(name, texts.get(name, text))]))


@pytest.mark.parametrize("comma", [", ", " ,", " , ", ",   "])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("near", "48.85,2.35"),
        ("bbox", "-0.2,51.4,0.1,51.6"),
        ("filter_price__in", "39,48"),
        ("filter_latitude__in", "48.85,-2.5"),
        ("filter_code__in", "a,b"),
    ],
)
def test_spaces_around_a_comma_are_ignored(name: str, text: str, comma: str) -> None:
    spaced = text.replace(",", comma)

    assert parse(**{name: text}) == parse(**{name: spaced})
    assert text == canonical(name, spaced)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("near", " 48.85,2.35"),
        ("near", "48.85,2.35 "),
        ("near", "48.85,\t2.35"),
        ("near", "48.85,\u00a02.35"),
        ("near", "48. 85,2.35"),
        ("near", "48.85 2.35"),
        ("bbox", "0,0,1,1 "),
        ("filter_price__in", " 39"),
        ("filter_price__in", "39, ,48"),
        ("filter_code__in", "a, b "),
        ("radius", " 500"),
    ],
)
def test_spaces_elsewhere_are_refused(name: str, text: str) -> None:
    near = [("near", "1,2")] if name == "radius" else []

    assert [name] == list(problems_of([*near, (name, text)]))


def test_only_lists_are_canonicalised() -> None:
    assert "a, b" == canonical("filter_code__eq", "a, b")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("near", "51.5"),
        ("near", "51.5;-0.1"),
        ("near", "91,0"),
        ("near", "51.5,-0.1,3"),
        ("bbox", "1,2,3"),
        ("bbox", "1,2,3,4,5"),
        ("bbox", "0,2,1,1"),
        ("bbox", "0,-91,1,1"),
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "-1"),
        ("sort", ""),
        ("sort", "Price"),
        ("sort", "+price"),
        ("sort", "-distance"),
        ("sort", "longitude"),
        ("sort", "distance"),
        ("count", "yes"),
        ("count", ""),
        ("format", "xml"),
        ("format", "JSON"),
        ("cursor", ""),
        ("cursor", "x"),
        ("cursor", "é"),
        ("cursor", "A" * 5000),
        ("cursor", "bm90IGEgY3Vyc29yIGF0IGFsbA"),
        ("radius", "500"),
        ("filter_code__eq", "a b"),
        ("filter_code__eq", ""),
        ("filter_code__in", "a,"),
        ("filter_code__in", ","),
        ("filter_code__lt", "x" * 37),
        ("filter_price__in", ",".join(["1"] * 1001)),
        ("filter_price", "60"),
        ("filter_price__", "60"),
        ("filter_price__like", "60"),
        ("filter_rooms__eq", "60"),
        ("price__lt", "60"),
        ("Filter_price__lt", "60"),
        ("", "60"),
        ("q", ""),
    ],
)
def test_a_bad_parameter_is_refused_by_name(name: str, text: str) -> None:
    assert [name] == list(problems_of([(name, text)]))


@pytest.mark.parametrize("radius", ["-1", "x", "20015116", "1e99", "nan", ""])
def test_a_bad_radius_is_refused_by_name(radius: str) -> None:
    assert list(problems_of([("near", "1,2"), ("radius", radius)])) == ["radius"]


def test_every_bad_parameter_is_named_at_once() -> None:
    found = problems_of(
        [
            ("filter_price__lt", "x"),
            ("filter_prize__lt", "60"),
            ("near", "here"),
            ("radius", "far"),
            ("bbox", "all"),
            ("sort", "cheap"),
            ("limit", "0"),
            ("count", "all"),
            ("format", "xml"),
        ]
    )

    assert {
        "filter_price__lt", "filter_prize__lt", "near", "radius", "bbox", "sort", "limit", "count", "format",
    } == set(found)  # fmt: skip


def test_a_mistyped_name_is_refused_with_a_suggestion() -> None:
    assert "did you mean filter_price__lt?" in problems_of([("filter_prize__lt", "60")])["filter_prize__lt"]
    assert "did you mean limit?" in problems_of([("limits", "60")])["limits"]


def test_a_message_quotes_the_value_shortened_and_without_hidden_characters() -> None:
    message = problems_of([("limit", "\x1b[31m²" + "9" * 5000)])["limit"]

    assert f"must be a whole number such as 60, not '<U+001B>[31m²{'9' * 33}…'" == message


def test_an_unknown_parameter_is_named_without_hidden_characters() -> None:
    assert ["<U+202E>price<U+0000>"] == list(problems_of([("\u202eprice\x00", "60")]))


def test_a_message_names_other_parameters_as_the_user_knows_them() -> None:
    with pytest.raises(ParametersError) as refusal:
        parse_search([("radius", "5"), ("limits", "60")], naming=lambda name: f"--{name}")

    assert {
        "radius": "needs --near, the point to measure from",
        "limits": "is not a parameter; did you mean --limit?",
    } == {problem.parameter: problem.message for problem in refusal.value.problems}


@pytest.mark.parametrize("name", ["q", "near", "bbox", "sort", "limit", "count", "format", "cursor"])
def test_a_single_parameter_cannot_be_repeated(name: str) -> None:
    good = {
        "q": "desk",
        "near": "1,2",
        "bbox": "1,2,3,4",
        "sort": "code",
        "limit": "5",
        "count": "none",
        "format": "csv",
    }
    text = good.get(name, cursor.encode(RoomQuery(), RoomQuery().position(make_room())))

    assert [name] == list(problems_of([(name, text), (name, text)]))


def test_twenty_conditions_are_accepted_and_the_next_one_refused() -> None:
    conditions = [("filter_price__ne", str(number)) for number in range(20)]

    assert len(parse_search(conditions).query.conditions) == 20
    assert "20" in problems_of([*conditions, ("filter_size__lt", "9")])["filter_size__lt"]


def test_a_thousand_values_are_accepted() -> None:
    query = parse_search([("filter_price__in", ",".join(map(str, range(1000))))]).query

    assert query.conditions[0].value == tuple(range(1000))


def test_parsing_stops_at_too_many_parameters() -> None:
    assert len(problems_of([(f"x{number}", "") for number in range(100_000)])) == 101


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_arbitrary_parameters_are_accepted_or_refused_by_name(parameters: list[tuple[str, str]]) -> None:
    try:
        parse_search(parameters)
    except ParametersError as error:
        assert {p.parameter for p in error.problems} <= {
            visible(shortened(name, 60)) for name, _ in parameters
        }


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [*FILTERS, "near", "radius", "bbox", "sort", "limit", "cursor", "count", "format"]
            ),
            st.text() | st.from_regex(r"-?[0-9]{1,12}(\.[0-9]+)?(,-?[0-9]{1,3}){0,3}", fullmatch=True),
        ),
        max_size=6,
    )
)
def test_arbitrary_values_are_accepted_or_refused_by_name(parameters: list[tuple[str, str]]) -> None:
    try:
        parse_search(parameters)
    except ParametersError as error:
        assert {p.parameter for p in error.problems} <= {name for name, _ in parameters}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("filter_price", "filter_price__eq"),
        ("filter_price__", "filter_price__eq"),
        ("filter_price__LT", "filter_price__lt"),
        ("Filter_Price__lt", "filter_price__lt"),
        ("Limit", "limit"),
        ("price_lt", "filter_price__lt"),
        ("filter_price__max", "filter_price__lte"),
        ("max_price", "filter_price__lte"),
        ("minimum-price", "filter_price__gte"),
        ("min_stay", "filter_min_stay__eq"),
        ("min_guests", "filter_guests__gte"),
    ],
)
def test_a_suggestion_never_has_the_opposite_meaning(name: str, meant: str) -> None:
    assert f"is not a parameter; did you mean {meant}?" == problems_of([(name, "5")])[name]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("kind", "filter_kind__eq"),
        ("neighborhood", "filter_neighbourhood__eq"),
        ("guest", "filter_guests__eq"),
        ("features", "filter_features__all"),
        ("search", "q"),
        ("words", "q"),
        ("page", "cursor"),
        ("filter_limits", "limit"),
    ],
)
def test_a_name_that_is_nearly_right_or_known_from_elsewhere_gets_a_suggestion(name: str, meant: str) -> None:
    assert f"is not a parameter; did you mean {meant}?" == problems_of([(name, "5")])[name]


@pytest.mark.parametrize("name", ["colour", "cost", "price<60", "q__eq", "x" * 1000])
def test_a_name_that_is_like_no_other_gets_no_suggestion(name: str) -> None:
    assert ["is not a parameter"] == list(problems_of([(name, "5")]).values())


def test_only_parameters_of_the_same_address_are_suggested() -> None:
    with pytest.raises(ParametersError) as refusal:
        parse_format([("limits", "5"), ("kind", "Loft"), ("formats", "csv")], [*Format])

    assert [
        "limits: is not a parameter",
        "kind: is not a parameter",
        "formats: is not a parameter; did you mean format?",
    ] == [*map(str, refusal.value.problems)]


def test_a_parameter_without_a_name_is_told_once() -> None:
    with pytest.raises(ParametersError) as refusal:
        parse_search([("", ""), ("", "x"), ("", "")])

    assert "a parameter has no name" == str(refusal.value)


def test_too_many_conditions_are_told_once() -> None:
    with pytest.raises(ParametersError) as refusal:
        parse_search([(f"filter_price__{op}", "5") for op in ("lt", "lte", "gt", "gte", "ne") * 5])

    assert "filter_price__lt: is one condition too many: a search takes at most 20" == str(refusal.value)


@pytest.mark.parametrize(
    "text", ["(41.39, 2.17)", "41.39, 2.17, 3", "41.39", "N41,E2", "91,0", "0,-181", "1e999,0"]
)
def test_a_refused_place_is_quoted_with_the_expected_format(text: str) -> None:
    problems = problems_of([("near", text)])

    assert problems["near"].startswith(f"must be latitude,longitude such as 51.5,-0.12, not '{text}'")


@pytest.mark.parametrize(
    "text", ["(1, 2, 3, 4)", "1, 2, 3", "0,2,1,1", "181,0,1,1", "-0.1234567,51.1234567,0.1234567,95.1234567"]
)
def test_a_refused_box_is_quoted_with_the_expected_format(text: str) -> None:
    problems = problems_of([("bbox", text)])

    expected = f"must be west,south,east,north such as -0.2,51.4,0.1,51.6, not '{text}'"
    assert problems["bbox"].startswith(expected)


def test_a_place_out_of_range_is_refused_with_the_range() -> None:
    problems = problems_of([("near", "91,0"), ("bbox", "0,-91,1,1")])

    assert problems["near"].endswith(
        ": latitude must be between -90 and 90 degrees, longitude between -180 and 180"
    )
    assert problems["bbox"].endswith(": south and north must be between -90 and 90 degrees")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("radius", "-3", "must be between 0 and 20,015,115, not '-3'"),
        ("radius", "1e9", "must be between 0 and 20,015,115, not '1e9'"),
        (
            "filter_price__gte",
            "99999999999",
            "must be between -2,147,483,648 and 2,147,483,647, not '99999999999'",
        ),
        ("filter_latitude__lt", "-90.5", "must be between -90 and 90, not '-90.5'"),
        ("limit", "1001", "must be between 1 and 1,000, not '1001'"),
    ],
)
def test_ranges_are_written_with_thousands_separators(name: str, text: str, expected: str) -> None:
    problems = problems_of([("near", "1,2"), (name, text)])

    assert problems == {name: expected}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("quiet desk", ("desk", "quiet")),
        ("  Quiet,\tquiet  qui ", ("quiet",)),
        ("Straße 5", ("5", "strasse")),
        ("e\u0301te\u0301", ("ete",)),
        (" ".join(f"w{number}" for number in range(10, 30)), tuple(f"w{number}" for number in range(10, 30))),
    ],
)
def test_words_are_separated_by_anything_but_letters_and_digits(text: str, words: tuple[str, ...]) -> None:
    assert words == parse(q=text).words


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must have a word, such as quiet, not ''"),
        (" ", "must have a word, such as quiet, not ' '"),
        ("!? \U0001f6cf", "must have a word, such as quiet, not '!? \U0001f6cf'"),
        ("a\x00b", "must be one line without control characters, not 'a<U+0000>b'"),
        ("a\u202eb", "must be one line without control characters, not 'a<U+202E>b'"),
        ("a\ud800", "must be text that can be written in UTF-8, not 'a<U+D800>'"),
        ("x" * 201, "must have at most 200 characters, not 201"),
        (" ".join(f"w{number}" for number in range(21)), "must have at most 20 words, not 21"),
    ],
)
def test_a_text_that_cannot_be_searched_for_is_refused(text: str, problem: str) -> None:
    assert {"q": problem} == problems_of([("q", text)])
