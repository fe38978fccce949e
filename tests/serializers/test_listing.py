import pytest

from rentomatic.serializers.columns import Columns
from rentomatic.serializers.listing import read
from rentomatic.serializers.source import ListingError
from tests.builders import make_room

LINE = '{"code":"a1","size":20,"price":60,"latitude":51.5,"longitude":-0.12}\n'


@pytest.mark.parametrize("before", ["", "\n", "  \n\n"])
@pytest.mark.parametrize(
    "text", [LINE, "code,size,price,latitude,longitude\na1,20,60,51.5,-0.12\n"], ids=["ndjson", "csv"]
)
def test_the_first_line_tells_the_notation(before: str, text: str) -> None:
    assert [make_room()] == list(read((before + text).splitlines(keepends=True), Columns()))


@pytest.mark.parametrize("name", ["rooms.ndjson", "rooms.jsonl.gz"])
def test_the_name_tells_the_notation(name: str) -> None:
    (refusal,) = read(["code,price\n"], Columns(), name=name)

    assert "is not a JSON object" in str(refusal)


@pytest.mark.parametrize(
    ("line", "message"),
    [('[{"code":"a1"}]', "JSON array"), ('{"type":"FeatureCollection","features":[]}', "GeoJSON")],
)
def test_a_notation_that_is_only_written_is_named(line: str, message: str) -> None:
    with pytest.raises(ListingError, match=message):
        read([line], Columns())
