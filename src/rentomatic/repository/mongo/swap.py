"""Replaces one room by another in MongoDB, by one write, which the server applies whole or not at all.

Members of the document that only a newer program knows are kept.
"""

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from rentomatic.domain.room import Room
from rentomatic.repository.by_hand import Values
from rentomatic.repository.mongo.filters import PATHS, Document, document_of, row_of
from rentomatic.repository.mongo.words import WITHOUT_WORDS
from rentomatic.repository.swap import swap_rows


def swap(rooms: Collection[Document], old: Room | None, new: Room | None) -> bool:
    """Replace `old` by `new`; return False, and change nothing, if `old` is not stored."""

    def swap_document(row: Values | None) -> bool:
        if row is not None:
            # null also matches a missing member
            same = dict(zip(PATHS.values(), row, strict=True))
            if new is None:
                return rooms.delete_one(same).deleted_count > 0
            return rooms.update_one(same, {"$set": document_of(new)}).matched_count > 0
        if new is None:
            raise ValueError("one of them is a room")
        return _insert(rooms, new)

    def present() -> Values | None:
        document = rooms.find_one({"code": old.code}, WITHOUT_WORDS) if old else None
        return row_of(document) if document else None

    return swap_rows(old, swap_document, present)


def _insert(rooms: Collection[Document], room: Room) -> bool:
    try:
        rooms.insert_one(document_of(room))
    except DuplicateKeyError:
        return False
    return True
