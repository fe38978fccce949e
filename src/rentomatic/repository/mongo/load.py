"""Loads many rooms into MongoDB, within the caller's transaction."""

from collections.abc import Iterable
from itertools import islice

from pymongo import InsertOne, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from rentomatic.domain.room import Room
from rentomatic.repository.merge import merge, noting_codes
from rentomatic.repository.mongo.filters import Document, document_of, room_of
from rentomatic.repository.mongo.words import WITHOUT_WORDS
from rentomatic.use_cases.ports import LoadCounts, OnConflict

_BATCH = 500


def load(
    collection: Collection[Document],
    session: ClientSession,
    rooms: Iterable[Room],
    on_conflict: OnConflict,
    *,
    exactly: bool = False,
) -> LoadCounts:
    """Write the rooms in batches and count what changed. exactly: also remove all other rooms."""
    counts = LoadCounts()
    given: set[str] = set()  # limited by a transaction's one minute
    iterator = noting_codes(rooms, given) if exactly else iter(rooms)
    while batch := list(islice(iterator, _BATCH)):
        codes = {"code": {"$in": [room.code for room in batch]}}
        found = collection.find(codes, WITHOUT_WORDS, batch_size=_BATCH + 1, session=session)
        documents = {document["code"]: document for document in found}
        present = {code: room_of(document) for code, document in documents.items()}
        changed = merge(batch, present, on_conflict, counts)
        writes = [_write(room, documents.get(code)) for code, room in changed.items()]
        if writes:
            collection.bulk_write(writes, ordered=False, session=session)
    if exactly:
        counts.removed = _remove_others(collection, session, given)
    return counts


def _remove_others(collection: Collection[Document], session: ClientSession, given: set[str]) -> int:
    found = collection.find({}, {"code": 1}, session=session)
    others = iter([document["_id"] for document in found if document["code"] not in given])
    removed = 0
    while batch := list(islice(others, _BATCH)):
        removed += collection.delete_many({"_id": {"$in": batch}}, session=session).deleted_count
    return removed


def _write(room: Room, old: Document | None) -> InsertOne[Document] | UpdateOne:
    """Return the write of a room, which keeps members of the document that only a newer program knows."""
    document = document_of(room)
    return UpdateOne({"_id": old["_id"]}, {"$set": document}) if old else InsertOne(document)
