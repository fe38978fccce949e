"""Rooms whose words are not stored in MongoDB yet: written by hand, or by an older program.

A search for words reads the texts of these rooms itself, so that it finds them too, until `migrate` has
written their words.
"""

from collections.abc import Iterator
from itertools import islice

from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, ExecutionTimeout

from rentomatic.domain.fields import SEARCHED
from rentomatic.domain.search import RoomQuery
from rentomatic.domain.words import all_begin
from rentomatic.repository.mongo.filters import Document, wide_filters
from rentomatic.repository.mongo.quick import require_quick_count
from rentomatic.repository.mongo.search import Moment
from rentomatic.repository.mongo.words import IS_PENDING, beside_words, words_members
from rentomatic.repository.pending import with_codes, words_of_texts
from rentomatic.repository.schema import Told
from rentomatic.use_cases.errors import NotQuick, WordsNotStored

QUICK = 1000
"""Pending rooms that a quick search reads."""

_BATCH = 500

_REFUSED = 121
"""The server's code for a document that its rules do not allow."""

_TEXTS = {"code": 1, **dict.fromkeys(SEARCHED, 1)}


def with_pending(moment: Moment, query: RoomQuery, *, quick: bool = False) -> RoomQuery:
    """Return the search together with the pending rooms that match its words.

    Runs one statement for a search for words, and none for others. If more than `QUICK` rooms are pending, it
    reads those that meet the search's other conditions. quick: raise NotQuick if these are not few. Raises
    WordsNotStored if reading them takes too long.
    """
    if not query.words:
        return query
    found = list(_pending(moment, [], QUICK + 1))
    if len(found) > QUICK:
        found = _narrowed(moment, query, quick=quick)
    codes = [document["code"] for document in found if all_begin(query.words, _words(document))]
    return with_codes(query, codes) if codes else query


def _narrowed(moment: Moment, query: RoomQuery, *, quick: bool) -> list[Document]:
    others = beside_words(query)
    if quick:
        require_quick_count(moment, others, None)
    try:
        found = list(_pending(moment, wide_filters(others), QUICK + 1 if quick else 0))
    except ExecutionTimeout as error:
        raise WordsNotStored from error
    if quick and len(found) > QUICK:
        raise NotQuick
    return found


def _pending(moment: Moment, filters: list[Document], limit: int) -> Iterator[Document]:
    """Yield the codes and texts of pending rooms that pass the filters; a limit of 0 is no limit."""
    narrowed = {"$and": [IS_PENDING, *filters]}
    with moment.rooms.find(narrowed, _TEXTS, limit=limit, session=moment.session) as found:
        yield from found


def count_pending(rooms: Collection[Document], at_most: int) -> int:
    """Return the number of pending rooms, at most `at_most`."""
    return rooms.count_documents(IS_PENDING, limit=at_most)


def write_words(rooms: Collection[Document], told: Told) -> None:
    """Write the words of all pending rooms, in batches between which others can write.

    A room that somebody else changes meanwhile stays pending, as does one that the rules do not allow.
    """
    with rooms.find(IS_PENDING, _TEXTS, batch_size=_BATCH) as found:
        while batch := list(islice(found, _BATCH)):
            try:
                told(rooms.bulk_write([*map(_write, batch)], ordered=False).modified_count)
            except BulkWriteError as error:
                if any(failed["code"] != _REFUSED for failed in error.details["writeErrors"]):
                    raise
                told(error.details["nModified"])


def _write(document: Document) -> UpdateOne:
    texts = {name: document.get(name) for name in SEARCHED}
    unchanged = {"_id": document["_id"], **IS_PENDING, **texts}  # null also matches a missing member
    return UpdateOne(unchanged, {"$set": {**texts, **words_members(_words(document), [*texts.values()])}})


def _words(document: Document) -> set[str]:
    return words_of_texts([document.get(name) for name in SEARCHED])
