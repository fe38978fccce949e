"""What sample rooms are and say of themselves: kinds, features, titles, descriptions and photos."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

ADJECTIVES = (
    *("Sunny", "Quiet", "Bright", "Cosy", "Airy", "Calm", "Light", "Comfortable", "Charming", "Spacious"),
    *("Warm", "Tidy", "Homely", "Peaceful", "Pretty", "Well-kept", "Newly painted", "Simple", "Modern"),
)

MIN_STAYS = (None, 1, 1, 1, 2, 2, 2, 3, 3, 5, 7, 7, 14, 28, 28, 90)

_VARIETIES = 120
"""How many different sets of features a kind has: making them once is faster than for each room."""


@dataclass(frozen=True, slots=True)
class Speciality:
    """What is remarkable about a room, if anything.

    phrase: of titles, empty if there is nothing. feature: that it stands for. drawing: that shows it.
    """

    phrase: str
    feature: str
    drawing: str
    sentence: str


NOTHING = Speciality("", "", "", "")
DESK = Speciality("with a desk", "Desk", "desk.svg", "A desk by the window is ready for work.")
BALCONY = Speciality("with a balcony", "Balcony", "balcony.svg", "The balcony has room for breakfast.")
GARDEN = Speciality("with a garden", "Garden", "garden.svg", "The garden is yours to use.")
VIEW = Speciality("overlooking the garden", "Garden", "garden.svg", "The window looks out on a green garden.")
PIANO = Speciality("with a piano", "Piano", "piano.svg", "An upright piano waits for its player.")
KITCHEN = Speciality("with a new kitchen", "Kitchen", "kitchen.svg", "The kitchen was fitted last year.")
FIREPLACE = Speciality("with a fireplace", "Fireplace", "", "An old fireplace keeps the winter out.")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of accommodation.

    share: of the rooms, in percent. size: the usual one in m². spread: of the logarithm of sizes.
    level: its prices compared with those of its quarter.
    nouns: up to which size, what titles call it, and for how many guests it is.
    drawings: its photos. specialities: what may be remarkable about it. opening: first sentences of
        descriptions. features: that it may have, and how often.
    """

    name: str
    share: int
    size: int
    spread: float
    level: float
    nouns: tuple[tuple[int, str, int], ...]
    drawings: tuple[str, ...]
    specialities: tuple[Speciality, ...]
    opening: tuple[str, ...]
    features: tuple[tuple[str, float], ...]

    def noun(self, size: int) -> tuple[str, int]:
        """Return what titles call it if it has this size, and how many guests it is for."""
        return next((noun, guests) for most, noun, guests in self.nouns if size <= most)


_EVERYWHERE = (
    ("Wifi", 0.95),
    ("Heating", 0.9),
    ("Smoke alarm", 0.85),
    ("Washing machine", 0.7),
    ("TV", 0.4),
    ("Tumble dryer", 0.2),
    ("Lift", 0.2),
    ("Bike storage", 0.2),
    ("Parking", 0.15),
    ("Pets welcome", 0.15),
    ("Step-free access", 0.1),
)
_ANY = 10_000

KINDS = (
    Kind(
        name="Private room",
        share=56,
        size=14,
        spread=0.25,
        level=0.95,
        nouns=((11, "single room", 1), (17, "double room", 2), (_ANY, "large double room", 2)),
        drawings=("private-room.svg", "double-room.svg"),
        specialities=(*3 * (NOTHING,), DESK, DESK, BALCONY, VIEW, VIEW, FIREPLACE, PIANO),
        opening=(
            "A furnished room in a flat that you share with two others.",
            "Your own room in the home of a friendly couple.",
            "A furnished room on the top floor of a Victorian terrace.",
            "A room with a wardrobe and a good bed in a shared house.",
            "A room of your own in a household of three.",
            "A furnished room at the back of the house, away from the street.",
        ),
        features=(*_EVERYWHERE, ("Kitchen", 0.9), ("Own bathroom", 0.3), ("Lock on the door", 0.4)),
    ),
    Kind(
        name="Entire flat",
        share=20,
        size=52,
        spread=0.32,
        level=1.05,
        nouns=((46, "one-bedroom flat", 2), (74, "two-bedroom flat", 4), (_ANY, "three-bedroom flat", 6)),
        drawings=("flat.svg", "double-room.svg"),
        specialities=(*4 * (NOTHING,), *3 * (BALCONY,), DESK, KITCHEN, KITCHEN, FIREPLACE, PIANO),
        opening=(
            "A whole flat on the second floor of a brick mansion block.",
            "A renovated flat with wooden floors and tall windows.",
            "A flat above a bakery, furnished down to the last spoon.",
            "A ground-floor flat in a converted warehouse.",
            "A flat with a large living room and a separate kitchen.",
        ),
        features=(*_EVERYWHERE, ("Kitchen", 1.0), ("Dishwasher", 0.6), ("Bathtub", 0.5), ("Cot", 0.2)),
    ),
    Kind(
        name="Studio",
        share=14,
        size=25,
        spread=0.18,
        level=1.05,
        nouns=((24, "studio", 1), (_ANY, "studio flat", 2)),
        drawings=("studio.svg",),
        specialities=(NOTHING, NOTHING, DESK, DESK, BALCONY, KITCHEN, VIEW),
        opening=(
            "A studio with a bed, a table and a small kitchen of its own.",
            "One large room with everything in it, and a bathroom behind it.",
            "A compact studio in a quiet block.",
            "A studio under the roof, with daylight from two sides.",
        ),
        features=(*_EVERYWHERE, ("Kitchen", 1.0), ("Own bathroom", 1.0), ("Dishwasher", 0.2)),
    ),
    Kind(
        name="Shared room",
        share=5,
        size=18,
        spread=0.25,
        level=0.4,
        nouns=((15, "room shared by two", 1), (_ANY, "room shared by four", 1)),
        drawings=("shared-room.svg",),
        specialities=(NOTHING, NOTHING, NOTHING, DESK, GARDEN),
        opening=(
            "A bunk with a curtain, a lamp and a locker of your own.",
            "A bed in a bright dormitory, with a common room downstairs.",
            "A place in a shared room of a small student house.",
        ),
        features=(*_EVERYWHERE, ("Kitchen", 0.9), ("Locker", 0.9), ("Breakfast", 0.3)),
    ),
    Kind(
        name="Entire house",
        share=3,
        size=105,
        spread=0.25,
        level=1.0,
        nouns=(
            (90, "two-bedroom house", 4),
            (125, "three-bedroom house", 6),
            (_ANY, "large house", 8),
        ),
        drawings=("house.svg", "flat.svg", "double-room.svg"),
        specialities=(NOTHING, GARDEN, GARDEN, PIANO, KITCHEN, FIREPLACE),
        opening=(
            "A terraced house with two floors and a small front yard.",
            "A family house at the end of a quiet street.",
            "A Victorian house with its old tiles and a new roof.",
        ),
        features=(*_EVERYWHERE, ("Kitchen", 1.0), ("Dishwasher", 0.9), ("Bathtub", 0.8), ("Cot", 0.4)),
    ),
    Kind(
        name="Loft",
        share=2,
        size=60,
        spread=0.3,
        level=1.2,
        nouns=((_ANY, "loft", 2),),
        drawings=("loft.svg",),
        specialities=(NOTHING, NOTHING, DESK, DESK, PIANO, KITCHEN),
        opening=(
            "A loft under the beams of an old printing works.",
            "One wide room under the roof, with skylights above the bed.",
        ),
        features=(*_EVERYWHERE, ("Kitchen", 1.0), ("Own bathroom", 1.0), ("Dishwasher", 0.7)),
    ),
)


@dataclass(frozen=True, slots=True)
class Variety:
    """A set of features that goes together, with what follows from it.

    phrase: of titles. about: the first sentences of descriptions.
    """

    phrase: str
    about: str
    features: tuple[str, ...]
    photos: tuple[str, ...]


def varieties(kind: Kind, chance: random.Random) -> tuple[Variety, ...]:
    """Return the varieties of a kind, the same for the same state of chance."""
    return tuple(_variety(kind, chance) for _ in range(_VARIETIES))


def _variety(kind: Kind, chance: random.Random) -> Variety:
    special = chance.choice(kind.specialities)
    features = {feature for feature, often in kind.features if chance.random() < often}
    if special.feature:
        features.add(special.feature)
    first = chance.choice(kind.drawings[:2] if kind.name == "Private room" else kind.drawings[:1])
    photos = [special.drawing, first] if chance.random() < 0.6 else [first, special.drawing]
    photos += [*kind.drawings[1:], *(("kitchen.svg",) if "Kitchen" in features else ())]
    sentences = [chance.choice(kind.opening), special.sentence or _told(sorted(features), chance)]
    return Variety(
        phrase=f" {special.phrase}" if special.phrase else "",
        about=" ".join(filter(None, sentences)),
        features=tuple(sorted(features)),
        photos=tuple(dict.fromkeys(filter(None, photos))),
    )


_FEATURE_SENTENCES = {
    "Own bathroom": "The bathroom is yours alone.",
    "Bathtub": "There is a bathtub for long evenings.",
    "Dishwasher": "A dishwasher does the rest.",
    "Lift": "A lift takes you and your luggage up.",
    "Parking": "A parking space belongs to it.",
    "Bike storage": "Bicycles are safe in the hallway.",
    "Pets welcome": "Pets are welcome.",
    "Breakfast": "Breakfast is included.",
    "TV": "The sofa faces a large TV.",
}


def _told(features: Sequence[str], chance: random.Random) -> str:
    """Return a sentence about one of the features, empty without one to tell about."""
    known = [sentence for feature in features if (sentence := _FEATURE_SENTENCES.get(feature))]
    return chance.choice(known) if known else ""
