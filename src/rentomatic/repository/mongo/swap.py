"""One room in the place of another in MongoDB: a single write each, which the server does whole or not.

What a document has beyond what this program knows of, since a newer one wrote it, is left as it is.
"""

from typing import Any

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from rentomatic.domain.fields import FIELDS, Description
from rentomatic.domain.kinds import Degrees, Line
from rentomatic.domain.room import TINY, Room, values_of
from rentomatic.repository.by_hand import forms_of
from rentomatic.repository.mongo.filters import PATHS, Document, document_of


def swap(rooms: Collection[Document], old: Room | None, new: Room | None) -> bool:
    """Put `new` in the place of `old`; False, and nothing is changed, where `old` is not there."""
    match old, new:
        case Room(), Room():
            return rooms.update_one(_is(old), {"$set": document_of(new)}).matched_count > 0
        case Room(), None:
            return rooms.delete_one(_is(old)).deleted_count > 0
        case None, Room():
            return _insert(rooms, new)
    raise ValueError("one of them is a room")


def _insert(rooms: Collection[Document], room: Room) -> bool:
    try:
        rooms.insert_one(document_of(room))
    except DuplicateKeyError:
        return False
    return True


def _is(room: Room) -> Document:
    """What only the document of a room that is the same meets, written by hand or not."""
    values = zip(FIELDS, values_of(room), strict=True)
    # null is also met by a document without the member.
    return {PATHS[field.name]: _same(field, value) for field, value in values}


def _same(field: Description, value: Any) -> object:
    match field.kind:
        case Degrees() if not value:
            return {"$gt": -TINY, "$lt": TINY}
        case Line() if value is not None:
            return {"$in": list(forms_of(value))}
    return value
