"""Which column is which field, whatever the columns are called."""

import pytest

from rentomatic.domain.fields import FIELDS, NAMES
from rentomatic.listings import csv
from rentomatic.listings.columns import Columns
from rentomatic.listings.header import LONGEST_NAME, MAX_COLUMNS
from rentomatic.listings.notes import notes
from rentomatic.listings.source import ListingError
from rentomatic.serializers import csv as written
from rentomatic.use_cases.import_rooms import ImportReport, Refusal, Remedy
from tests.builders import WHOLE, make_room
from tests.listings.listings import lines_of, only_refusal, read_csv, read_ndjson

LINE = "a1,20,60,51.5,-0.12"
GERMAN = "Nummer,Fläche,Preis,Breite,Länge"
GERMAN_MAPPING = {
    "code": "Nummer",
    "size": "Fläche",
    "price": "Preis",
    "latitude": "Breite",
    "longitude": "Länge",
}


@pytest.mark.parametrize(
    ("field", "name"), [(field.name, name) for field in FIELDS for name in field.columns]
)
def test_every_usual_column_name_is_recognised(field: str, name: str) -> None:
    header = ",".join(name if field == usual else usual for usual in NAMES)
    listing = b"".join(written.write([WHOLE])).decode().replace(",".join(NAMES), header)

    assert [WHOLE] == read_csv(listing)


# Names of columns in listings of Inside Airbnb and in exports of property managers, in seven languages.
PERSONAL = """
    host hostid hostname hosturl hostsince hostlocation hostabout hostpictureurl hostthumbnailurl
    hostverifications hostneighbourhood hostemail hostphone license licence licensenumber
    licencenumber registration registrationnumber permit permitnumber owner ownerid ownername
    contact contactname contactemail email mail emailaddress phone phonenumber telephone mobile
    address street streetaddress firstname lastname surname fullname username userid landlord
    landlordname agent agentname manager taxid taxnumber iban passport birthdate vermieter
    vermietername gastgeber gastgebername eigentumer anbieter ansprechpartner kontakt telefon handy
    vorname nachname adresse strasse lizenz registriernummer steuernummer hote nomdelhote
    proprietaire nomduproprietaire courriel prenom nomdefamille numerodenregistrement anfitrion
    nombredelanfitrion propietario correo correoelectronico telefono movil direccion apellido
    licencia ospite nomehost proprietario cognome indirizzo cellulare licenza codicefiscale
    anfitriao nomedoanfitriao telefone endereco sobrenome licenca verhuurder eigenaar gastheer
    naamverhuurder telefoonnummer achternaam voornaam adres vergunning
"""


def test_no_personal_column_is_taken_as_a_field() -> None:
    usual = {name for field in FIELDS for name in field.columns}
    parts = (
        "host",
        "licen",
        "owner",
        "mail",
        "phone",
        "telef",
        "landlord",
        "vermieter",
        "eigent",
        "propriet",
    )

    assert set() == usual & set(PERSONAL.split())
    assert [] == [name for name in usual if any(part in name for part in parts)]


def test_a_personal_column_is_taken_if_it_is_mapped() -> None:
    listing = f"code,size,price,lat,lng,host_name\n{LINE},Ann\n"

    assert [make_room()] == read_csv(listing)
    assert [make_room(title="Ann")] == read_csv(listing, mapping={"title": "host_name"})


def test_a_mapped_column_is_no_other_field() -> None:
    listing = f"code,size,price,lat,lng,area,neighbourhood\n{LINE},10,Soho\n"

    assert [make_room(title="Soho")] == read_csv(listing, mapping={"title": "neighbourhood"})


def test_a_column_cannot_be_mapped_to_two_fields() -> None:
    with pytest.raises(ListingError, match="the column 'area' cannot be both the title and the kind"):
        read_csv(f"code,size,price,lat,lng,area\n{LINE},10\n", {"title": "area", "kind": "area"})


def test_columns_of_many_kinds_of_objects_are_remembered_up_to_a_limit() -> None:
    columns = Columns()
    for number in range(3 * MAX_COLUMNS):
        columns.find(["code", "price", "lat", "lng", "x" * 5000, f"member {number}"])

    assert MAX_COLUMNS == len(columns.header.taken)
    assert max(map(len, columns.header.taken)) == LONGEST_NAME


def test_a_field_whose_column_is_mapped_to_nothing_is_left_out() -> None:
    listing = f"code,size,price,lat,lng,name\n{LINE},{'long ' * 30}\n"
    refused = read_csv(listing)

    assert "must have 1 to 120 characters; correct it or leave it empty" == only_refusal(refused).reason
    assert only_refusal(refused).remedy is None
    assert [make_room()] == read_csv(listing, mapping={"title": ""})


def test_a_required_field_cannot_be_mapped_to_nothing() -> None:
    with pytest.raises(ListingError, match="no column for the price"):
        read_csv(f"code,size,price,lat,lng\n{LINE}\n", mapping={"price": ""})


@pytest.mark.parametrize(
    "header",
    [
        "CODE,SIZE,PRICE,LATITUDE,LONGITUDE",
        " code , size , price , latitude , longitude ",
        "Listing ID,Area (m²),Price per night,Lat.,Lng.",
        "listing_id,floor_area,nightly_price,lat,lon",
        "room-code,sqm,daily-rate,Y,X",
        "id,Size [m2],Price (€),Lat,Long",
    ],
)
def test_case_spaces_and_punctuation_are_ignored(header: str) -> None:
    assert [make_room()] == read_csv(f"{header}\n{LINE}\n")


def test_the_most_specific_of_several_usual_names_wins() -> None:
    assert [make_room()] == read_csv(f"id,rate,{'code,size,price,latitude,longitude'}\nx,99,{LINE}\n")


def test_a_header_in_another_language_is_mapped() -> None:
    assert [make_room()] == read_csv(f"{GERMAN}\n{LINE}\n", GERMAN_MAPPING)


def test_a_mapping_wins_over_a_usual_name() -> None:
    text = f"{GERMAN},price\n{LINE},999\n"

    assert [make_room()] == read_csv(text, GERMAN_MAPPING)


def test_the_column_of_sizes_may_be_missing() -> None:
    assert [make_room(size=None)] == read_csv("code,price,latitude,longitude\na1,60,51.5,-0.12\n")


def test_missing_columns_are_named_with_the_existing_ones_and_how_to_map_them() -> None:
    with pytest.raises(ListingError) as refusal:
        read_csv("no,sum,lat,lon\n1,2,3,4\n")

    expected = "no column for the code and the price; the columns are 'no', 'sum', 'lat', 'lon'"
    assert expected == str(refusal.value)
    assert Remedy("map", ("code=COLUMN",)) == refusal.value.remedy
    with pytest.raises(ListingError, match="no column for the price, the latitude and the longitude;"):
        read_csv("id,sum\n1,2\n")


def test_a_mapped_column_that_does_not_exist_is_named() -> None:
    with pytest.raises(ListingError) as refusal:
        read_csv(f"{GERMAN}\n{LINE}\n", {**GERMAN_MAPPING, "price": "Miete"})

    expected = "there is no column 'Miete', only 'Nummer', 'Fläche', 'Preis', 'Breite', 'Länge'"
    assert expected == str(refusal.value)


def test_a_duplicate_column_name_that_is_needed_is_refused() -> None:
    with pytest.raises(ListingError) as refusal:
        read_csv("code,price,price,latitude,longitude\na1,60,70,51.5,-0.12\n")

    assert str(refusal.value) == "2 columns are called 'price' (price)"


def test_a_duplicate_column_name_that_is_mapped_is_refused() -> None:
    with pytest.raises(ListingError, match="2 columns are called 'Preis'"):
        read_csv("code,Preis,Preis,latitude,longitude\na1,60,70,51.5,-0.12\n", {"price": "Preis"})


def test_a_duplicate_column_name_that_is_not_used_is_accepted() -> None:
    assert [make_room()] == read_csv(f"code,size,price,latitude,longitude,note,note\n{LINE},x,y\n")


def test_placeholders_are_taken_as_unstated_in_every_optional_field_of_csv_and_counted() -> None:
    optional = [field for field in FIELDS if field.optional]
    columns = Columns()
    places = "".join(f",{field.name}" for field in optional)
    texts = ("—", "-", "N/A", "n/a", "null", "none", "k.A.", "unknown", "?", " – ")
    lines = "".join(
        f"r{number},60,51.5,-0.12{f',{text}' * len(optional)}\n" for number, text in enumerate(texts)
    )

    read = list(csv.read(lines_of(f"code,price,lat,lng{places}\n{lines}"), columns))

    assert [make_room(code=f"r{number}", size=None) for number in range(len(texts))] == read
    assert dict.fromkeys((field.name for field in optional), len(texts)) == columns.placeholders
    assert "The kind is N/A or the like in 10 lines: taken as unstated." in list(
        notes(columns, ImportReport())
    )


def test_a_placeholder_for_a_number_in_json_is_unstated_and_a_text_is_taken_as_it_is() -> None:
    line = '{"code": "a1", "price": 60, "lat": 51.5, "lng": -0.12, "guests": "N/A", "title": "N/A"}\n'

    assert [make_room(size=None, title="N/A")] == read_ndjson(line)


@pytest.mark.parametrize("value", ["0", "1001", "2 or 3", "2.5.1"])
def test_advice_for_an_unusable_value_is_to_correct_it(value: str) -> None:
    refusal = only_refusal(read_csv(f"code,size,price,lat,lng,guests\n{LINE},{value}\n"))

    assert refusal.reason.endswith("; correct it or leave it empty")
    assert refusal.remedy is None


def test_words_where_a_number_is_usual_suggest_that_the_column_is_another() -> None:
    text = "code,area,price,lat,lng\na1,Camden,60,51.5,-0.12\n"

    guessed, mapped = only_refusal(read_csv(text)), only_refusal(read_csv(text, {"size": "area"}))

    assert Remedy("map", ("size=",), "if the column says something else") == guessed.remedy
    assert mapped.remedy is None
    assert [make_room(size=None)] == read_csv(text, {"size": ""})
    assert [make_room(size=None, neighbourhood="Camden")] == read_csv(text, {"neighbourhood": "area"})


@pytest.mark.parametrize(
    "name", ["area_sqft", "Size (sq ft)", "sq ft", "Sqft", "size in square feet", "Area ft²"]
)
def test_a_column_of_square_feet_is_converted_and_noted(name: str) -> None:
    columns = Columns()
    read = list(csv.read(lines_of(f"code,{name},price,lat,lng\na1,215,60,51.5,-0.12\n"), columns))

    assert [make_room()] == read
    assert "1 size in square feet was multiplied by 0.09290304 and rounded to m²." in list(
        notes(columns, ImportReport())
    )


def test_a_mapped_column_of_square_feet_is_converted_in_every_format() -> None:
    line = '{"code": "a1", "Wohnfl_sqft": 215, "price": 60, "lat": 51.5, "lng": -0.12}\n'

    assert [make_room()] == read_ndjson(line, {"size": "Wohnfl_sqft"})
    assert [make_room(size=215)] == read_ndjson(line.replace("_sqft", ""), {"size": "Wohnfl"})


FEATURES = "code,size,price,lat,lng,features\n"


@pytest.mark.parametrize(
    "cell",
    [
        '"[""Storage: closet, wardrobe; shelf"", ""Wifi""]"',
        "\"['Storage: closet, wardrobe; shelf', 'Wifi']\"",
        '"{""Storage: closet, wardrobe; shelf"",Wifi}"',
        r'"Storage: closet\, wardrobe\; shelf, Wifi"',
    ],
)
def test_commas_within_an_entry_of_a_list_are_removed_and_noted(cell: str) -> None:
    columns = Columns()
    read = list(csv.read(lines_of(f"{FEATURES}{LINE},{cell}\n"), columns))

    assert [make_room(features=["Storage: closet wardrobe shelf", "Wifi"])] == read
    assert "Commas and semicolons within the features were removed in 1 line." in list(
        notes(columns, ImportReport())
    )


def test_null_and_commas_in_a_list_of_ndjson_are_left_out() -> None:
    line = '{"code": "a1", "price": 60, "lat": 51.5, "lng": -0.12, "features": ["Wifi", null, ",", "a, b"]}\n'

    assert [make_room(size=None, features=["Wifi", "a b"])] == read_ndjson(line)


def test_a_broken_list_makes_its_line_refused() -> None:
    refusal = only_refusal(read_csv(f'{FEATURES}{LINE},"[Wifi, Desk]"\n'))

    assert ("features", "[Wifi, Desk]") == (refusal.column, refusal.value)
    assert refusal.reason.startswith('must be a list such as ["Desk", "Wifi"] if it starts with [;')


def test_every_reason_of_a_line_is_told() -> None:
    text = 'code,size,price,lat,lng,name,features\na b,20,abc,95,-0.12,Room,"[Wifi"\n'

    refusals = [line for line in read_csv(text) if isinstance(line, Refusal)]

    assert {2} == {refusal.line for refusal in refusals}
    assert [("code", "a b"), ("price", "abc"), ("lat", "95"), ("features", "[Wifi")] == [
        (refusal.column, refusal.value) for refusal in refusals
    ]
    assert ["is not a number", "must be between -90 and 90 degrees"] == [
        refusal.reason for refusal in refusals[1:3]
    ]


def test_a_line_with_a_wrong_optional_value_is_no_room() -> None:
    assert "kind" == only_refusal(read_csv(f"code,size,price,lat,lng,kind\n{LINE},{'x' * 61}\n")).column
    assert "features" == only_refusal(read_csv(f"{FEATURES}{LINE},[Wifi\n")).column


def test_a_line_of_invisible_characters_in_a_description_becomes_empty() -> None:
    text = f'code,size,price,lat,lng,description\n{LINE},"Nice\n\u200b\nNear the park"\n'

    assert [make_room(description="Nice\n\nNear the park")] == read_csv(text)
