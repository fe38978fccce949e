"""Values that somebody wrote into a storage by hand."""

import pytest

from rentomatic.domain.fields import SEVERAL, Field
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
