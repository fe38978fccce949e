"""Values that somebody wrote into a storage by hand."""

import pytest

from rentomatic.domain.fields import FIELD, SEVERAL, Field
from rentomatic.repository.by_hand import put_right


@pytest.mark.parametrize(
    ("stored", "features"),
    [
        ("Wifi, Desk", ("Desk", "Wifi")),
        ("{Wifi,Desk}", ("Desk", "Wifi")),
        (["Wifi", 5, "a;b"], ("Wifi",)),
        ("[Wifi, Desk", None),
    ],
)
def test_features_written_by_hand_keep_what_is_allowed(stored: object, features: object) -> None:
    assert features == put_right(SEVERAL[Field.FEATURES], stored)


def test_description_written_by_hand_keeps_what_can_be_seen() -> None:
    assert "Nice\n\nNear" == put_right(FIELD[Field.DESCRIPTION].kind, "Nice\n\u200b\nNear\n\u200b")
