"""Rules that the contract states in words, for Schemathesis: combinations of parameters, and listings."""

from contextlib import suppress
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from rentomatic.domain.fields import FIELD, Field
from rentomatic.domain.texts import composed
from rentomatic.requests.search import FILTERS, MAX_CONDITIONS, WORDS, words
from rentomatic.serializers import csv, ndjson

_CELLS = st.text(st.characters(codec="utf-8"), max_size=8) | st.integers().map(str) | st.floats().map(str)
_HEADER = "code,size,price,latitude,longitude"
_LISTINGS = st.lists(st.lists(_CELLS, min_size=4, max_size=6).map(",".join), max_size=5).map(
    lambda lines: "\n".join([_HEADER, *lines])
)
_OBJECTS = st.lists(
    st.fixed_dictionaries({"code": _CELLS, "price": _CELLS, "latitude": _CELLS, "longitude": _CELLS})
    | st.dictionaries(_CELLS, _CELLS),
    max_size=5,
)

schemathesis.openapi.media_type(csv.MEDIA_TYPE, _LISTINGS.map(str.encode))
schemathesis.openapi.media_type(
    ndjson.MEDIA_TYPE, _OBJECTS.map(lambda found: "\n".join(map(str, found)).encode())
)


@schemathesis.serializer(ndjson.MEDIA_TYPE)
def as_it_is(context: schemathesis.SerializationContext, value: Any) -> Any:
    return {"data": value}


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Listings are generated below; Schemathesis uses either these or examples."""
    for content in raw_schema["paths"]["/rooms/import"]["post"]["requestBody"]["content"].values():
        del content["example"]


@schemathesis.hook
def before_add_examples(context: schemathesis.HookContext, examples: list[Any]) -> None:
    """The examples of all parameters at once would be too many conditions."""
    for case in examples:
        case.query = _consistent(dict(case.query or {}))


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: Any) -> Any:
    """Keep the rules across parameters in valid requests; invalid ones may break them."""
    if case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
        case.query = _consistent(dict(case.query or {}))
        for name in ("If-Match", "If-None-Match"):
            if case.headers.get(name) == "0":  # what Schemathesis generates for a header that needs quotes
                case.headers[name] = '"0"'
        if isinstance(case.body, dict) and "code" in case.body and "code" in case.path_parameters:
            case.body["code"] = case.path_parameters["code"]
    return case


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: Any) -> bool:
    """A valid room has a title that can be seen; a request to be refused has no list of one in a URL."""
    if case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE:
        title = case.body.get("title") if isinstance(case.body, dict) else None
        return not isinstance(title, str) or FIELD[Field.TITLE].kind.problem(composed(title)) is None
    query = dict(case.query or {})
    return all(isinstance(query[name], list) for name in query if name.endswith("__in"))


def _consistent(query: dict[str, Any]) -> dict[str, Any]:
    filters = [name for name in query if name in FILTERS]
    unwanted = {
        *filters[MAX_CONDITIONS:],
        WORDS,
        "cursor",
    }  # only the server can create a cursor, for one search
    if "near" not in query:
        unwanted |= {"radius"} | ({"sort"} if query.get("sort") == "distance" else set())
    with suppress(ValueError):
        words(str(query.get(WORDS, "any")))
        unwanted -= {WORDS}
    box = query.get("bbox")
    if isinstance(box, list) and len(box) == 4 and box[1] > box[3]:
        box[1], box[3] = box[3], box[1]
    columns = query.get("map")
    if isinstance(columns, list):
        query["map"] = list({text.partition("=")[0]: text for text in columns}.values())
    return {name: value for name, value in query.items() if name not in unwanted}
