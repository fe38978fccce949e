"""The table of fields: everything that is said of a field of a room is said here, once.

Columns of storages and of files, members of documents, schemas, parameters, forms and checksums come from it.
What a kind of values is to a storage or a format, each of those says itself, by kind.
"""

from dataclasses import dataclass
from enum import StrEnum

from rentomatic.domain.addresses import PAGE, PHOTO, Address
from rentomatic.domain.kinds import Code, Degrees, Kind, Whole
from rentomatic.domain.several import Several
from rentomatic.domain.texts import Line, Lines


class Field(StrEnum):
    """The names of the fields, which are those of the attributes of `Room`."""

    CODE = "code"
    SIZE = "size"
    PRICE = "price"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    TITLE = "title"
    KIND = "kind"
    NEIGHBOURHOOD = "neighbourhood"
    GUESTS = "guests"
    MIN_STAY = "min_stay"
    FEATURES = "features"
    DESCRIPTION = "description"
    URL = "url"
    PHOTOS = "photos"


class Operator(StrEnum):
    """How a condition compares a field with its value."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    IN = "in"
    ALL = "all"


class Unstated(StrEnum):
    """What a document has where a room does not state the field; a CSV file has an empty cell.

    New fields are ABSENT: documents and backups of older programs lack them. NULL is for the size alone,
    which every document has always had.
    """

    REFUSED = "every room states it"
    NULL = "null"
    ABSENT = "no such member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A field of a room.

    kind: which values it has, and their bounds.
    unstated: whether a room may leave it open, and what documents have then.
    label: what forms call it. about: what it means, for the API document and `--help`. unit: shown
        behind the value. example: a value.
    columns: what its column is usually called in other people's files, in English, German, French, Spanish,
        Italian, Portuguese and Dutch, as `listings.columns` compares names: without case, accents, spaces and
        punctuation. The first name wins.
    operators: the conditions that searches take on it.
    searched: whether a search for words looks into it.
    """

    name: Field
    kind: Kind
    unstated: Unstated = Unstated.REFUSED
    label: str
    about: str
    unit: str = ""
    example: str | int | float | tuple[str, ...]
    columns: tuple[str, ...]
    operators: tuple[Operator, ...] = ()
    searched: bool = False

    @property
    def optional(self) -> bool:
        """Whether a room may leave it open."""
        return self.unstated is not Unstated.REFUSED


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SAME = (Operator.EQ, Operator.NE, Operator.IN)
_ANY = (Operator.EQ, Operator.NE, Operator.LT, Operator.LTE, Operator.GT, Operator.GTE, Operator.IN)

FIELDS = (
    Description(
        name=Field.CODE,
        kind=Code(),
        label="Code",
        about="Its unique name. A UUID is stored in lower case.",
        example="f853578c-fc0f-4e65-81b8-566c5dffa35a",
        columns=_names(
            "code id uuid roomid roomcode listingid reference ref "
            "kennung objektnummer referenz numero referencia codigo codice riferimento nummer referentie"
        ),
        operators=_ANY,
    ),
    Description(
        name=Field.SIZE,
        kind=Whole(1),
        unstated=Unstated.NULL,
        label="Size in m²",
        about="Floor area in m²; null if unknown.",
        unit="m²",
        example=20,
        columns=_names(
            "size sizem2 sizesqm area aream2 areasqm floorarea squaremeters squaremetres sqm m2 surface "
            "grosse wohnflache flache quadratmeter qm superficie metrescarres tamano metroscuadrados "
            "metriquadri mq tamanho metrosquadrados areautil oppervlakte vierkantemeter"
        ),
        operators=_ANY,
    ),
    Description(
        name=Field.PRICE,
        kind=Whole(0),
        label="Price per day",
        about="Whole currency units per day.",
        example=60,
        columns=_names(
            "price priceperday pricepernight dailyprice nightlyprice dailyrate rate "
            "preis preisprotag preispronacht tagespreis prix prixparjour prixparnuit tarif "
            "precio precioporanoche preciopornoche precioaldia tarifa prezzo prezzopernotte prezzoalgiorno "
            "tariffa preco precopornoite precoaodia diaria prijs prijspernacht prijsperdag tarief"
        ),
        operators=_ANY,
    ),
    Description(
        name=Field.LATITUDE,
        kind=Degrees(90),
        label="Latitude",
        about="WGS 84 degrees, north positive.",
        example=51.5,
        columns=_names(
            "latitude lat y breitengrad geografischebreite breite latitud latitudine breedtegraad"
        ),
        operators=_ANY,
    ),
    Description(
        name=Field.LONGITUDE,
        kind=Degrees(180),
        label="Longitude",
        about="WGS 84 degrees, east positive.",
        example=-0.12,
        columns=_names(
            "longitude lon lng long x langengrad geografischelange lange longitud longitudine lengtegraad"
        ),
        operators=_ANY,
    ),
    Description(
        name=Field.TITLE,
        kind=Line(120),
        unstated=Unstated.ABSENT,
        label="Title",
        about="What the listing calls the room, in one line.",
        example="Quiet room with a view of the river",
        columns=_names(
            "title name headline listingtitle listingname "
            "titel bezeichnung uberschrift titre nom titulo nombre titolo nome naam"
        ),
        searched=True,
    ),
    Description(
        name=Field.KIND,
        kind=Line(60),
        unstated=Unstated.ABSENT,
        label="Kind",
        about="What kind of accommodation it is, in the words of the listing.",
        example="Private room",
        columns=_names(
            "kind roomtype typeofroom accommodationtype listingtype propertytype type "
            "zimmertyp zimmerart unterkunftsart wohnungstyp objektart art typ typedechambre typedelogement "
            "typedebien tipodehabitacion tipodealojamiento tipodivivienda tipodistanza tipodialloggio "
            "tipologia tipodequarto tipodeacomodacao tipodeimovel tipo kamertype soortkamer soort"
        ),
        operators=_SAME,
        searched=True,
    ),
    Description(
        name=Field.NEIGHBOURHOOD,
        kind=Line(80),
        unstated=Unstated.ABSENT,
        label="Neighbourhood",
        about="The part of town, as the listing calls it.",
        example="Camden",
        columns=_names(
            "neighbourhoodcleansed neighborhoodcleansed neighbourhood neighborhood district quarter borough "
            "stadtteil stadtviertel viertel ortsteil bezirk quartier arrondissement barrio distrito "
            "vecindario quartiere zona bairro buurt wijk stadsdeel"
        ),
        operators=_SAME,
        searched=True,
    ),
    Description(
        name=Field.GUESTS,
        kind=Whole(1, 1000),
        unstated=Unstated.ABSENT,
        label="Guests",
        about="How many people it is for.",
        example=2,
        columns=_names(
            "guests accommodates maxguests capacity sleeps persons people maxpersons "
            "gaste maxgaste personen maxpersonen voyageurs personnes capacite couchages huespedes personas "
            "capacidad plazas ospiti persone capienza postiletto hospedes pessoas capacidade gasten "
            "aantalpersonen"
        ),
        operators=_ANY,
    ),
    Description(
        name=Field.MIN_STAY,
        kind=Whole(1, 3650),
        unstated=Unstated.ABSENT,
        label="Shortest stay in days",
        about="The shortest stay in days.",
        example=3,
        columns=_names(
            "minstay minimumstay minimumnights minnights minimumdays mindays shorteststay "
            "mindestaufenthalt mindestnachte minnachte mindesttage sejourminimum nuitsminimum dureeminimum "
            "estanciaminima nochesminimas minimodenoches soggiornominimo nottiminime estadiaminima "
            "noitesminimas minimodenoites minimumverblijf minimumaantalnachten minnachten"
        ),
        operators=_ANY,
    ),
    Description(
        name=Field.FEATURES,
        kind=Several(Line(60, without=",;"), 60, breaks=r"[,;\n]"),
        unstated=Unstated.ABSENT,
        label="Features",
        about="What the room has: a set of short texts, in the words of the listing.",
        example=("Desk", "Wifi"),
        columns=_names(
            "features amenities facilities equipment "
            "ausstattung merkmale equipements prestations commodites servicios comodidades equipamiento "
            "caracteristicas servizi dotazioni caratteristiche equipamentos voorzieningen kenmerken"
        ),
        operators=(Operator.ALL,),
        searched=True,
    ),
    Description(
        name=Field.DESCRIPTION,
        kind=Lines(10_000),
        unstated=Unstated.ABSENT,
        label="Description",
        about="What the listing tells about the room, in one or more lines.",
        example="A quiet room on the third floor.\nThe lift stops at the second.",
        columns=_names(
            "description details about summary beschreibung descriptif descripcion descrizione "
            "descricao beschrijving omschrijving"
        ),
        searched=True,
    ),
    Description(
        name=Field.URL,
        kind=PAGE,
        unstated=Unstated.ABSENT,
        label="Web address",
        about="Where to see or book the room: an address with http or https.",
        example="https://example.com/rooms/7",
        columns=_names(
            "url link listingurl website webaddress webadresse adresseweb lien enlace sitioweb "
            "collegamento sitoweb indirizzoweb ligacao weblink webadres"
        ),
    ),
    Description(
        name=Field.PHOTOS,
        kind=Several(PHOTO, 30, breaks=r"[;|\s]|,(?=\s|https?://|$)", ordered=True),
        unstated=Unstated.ABSENT,
        label="Photos",
        about="Addresses of photos with https, or names of files in the folder for photos.",
        example=("https://example.com/rooms/7.jpg",),
        columns=_names(
            "photos photo pictureurl pictures picture image imageurl thumbnailurl photourl "
            "fotos foto bilder bild bildurl images imagenes imagen immagini immagine imagens imagem "
            "afbeeldingen afbeelding"
        ),
    ),
)
"""The fields, in the order in which rooms are written."""

FIELD = {field.name: field for field in FIELDS}

FOUND = tuple(field.name for field in FIELDS if field.operators and not isinstance(field.kind, Degrees))
"""The fields by whose values storages find rooms; degrees are found by place."""

INDEXED = tuple(name for name in FOUND if not isinstance(FIELD[name].kind, Several))
"""Those of them that have one value."""

FACETS = tuple(name for name in FOUND if isinstance(FIELD[name].kind, Line | Several))
"""The fields whose values a summary counts."""

RANGED = tuple(
    name for name in FOUND if isinstance(FIELD[name].kind, Whole) and FIELD[name].unstated is Unstated.ABSENT
)
"""The numbers whose range a summary tells beside these values."""

STATED = tuple(name for name in FOUND if FIELD[name].optional)
"""The fields with conditions that a whole listing may leave open."""

NAMES = tuple(str(field.name) for field in FIELDS)

SEARCHED = tuple(str(field.name) for field in FIELDS if field.searched)
"""The names of the fields in which a search for words looks."""

DISTANCE = "distance"
"""What documents call the distance of a room from the point that a search is near to."""

MEMBERS = (*NAMES, DISTANCE)
"""What a document may have, in its order."""

MEMBERS_IN_LISTS = tuple(name for name in MEMBERS if name != Field.DESCRIPTION)
"""What it has in a list of rooms, unless others are asked for: descriptions are long."""

TEXTS = frozenset(
    str(field.name) for field in FIELDS if isinstance(field.kind, Line | Lines | Address | Several)
)
"""The names of the fields that are texts of any length, or several of them."""

SEVERAL = {str(field.name): field.kind for field in FIELDS if isinstance(field.kind, Several)}
"""The fields of several texts."""

ALWAYS_WRITTEN = tuple(str(field.name) for field in FIELDS if field.unstated is not Unstated.ABSENT)
"""The names of the fields that every document has, whether they are stated or not."""

WRITTEN_IF_STATED = tuple(str(field.name) for field in FIELDS if field.unstated is Unstated.ABSENT)
"""The names of the others."""
