"""Several texts as the value of one field, and how they are written as one text: `Desk; Wifi`."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar

from rentomatic.domain.addresses import Address
from rentomatic.domain.lists import is_list, texts_of_list
from rentomatic.domain.texts import Line


@dataclass(frozen=True)
class Several:
    """1 to `most` different texts, each as `each` says. A room with none of them does not state the field.

    breaks: a regular expression for what separates them in one text, besides what stands after a backslash.
    ordered: whether their order matters; else they are a set, kept in the order of their code points.
    """

    python_type: ClassVar[type[tuple[str, ...]]] = tuple

    each: Line | Address
    most: int
    breaks: str
    ordered: bool = False

    def problem(self, value: object) -> str | None:
        if not isinstance(value, tuple) or not {*map(type, value)} <= {str}:
            return "must be a list of texts"
        if not 1 <= len(value) <= self.most:
            return f"must have 1 to {self.most} entries"
        if len(set(value)) < len(value) or not (self.ordered or [*value] == sorted(value)):
            return "must have every entry once, in order"
        found = next(filter(None, map(self._problem, value)), None)
        return found and f"{found} in each entry"

    def gathered(self, value: object) -> object:
        """Return a list of texts as a room keeps it, None if it is empty; anything else unchanged."""
        if not isinstance(value, list | tuple) or not {*map(type, value)} <= {str}:
            return value
        once = dict.fromkeys(value)
        return (tuple(once) if self.ordered else tuple(sorted(once))) or None

    def as_text(self, texts: Iterable[str], separator: str = "; ") -> str:
        """Return the texts as one, with a backslash before what would otherwise separate them."""
        return separator.join(self._special.sub(r"\\\g<0>", text) for text in texts)

    def of_text(self, text: str) -> list[str]:
        """Return the texts of one that `as_text` made, or of a list as other programs write it.

        Raises ValueError if it starts like such a list and is none.
        """
        if is_list(text):
            found = texts_of_list(text)
        else:
            pieces = self._piece.findall(text)
            found = [re.sub(r"\\(.)", r"\1", piece, flags=re.DOTALL) for piece in pieces]
        return [*filter(None, map(self.each.tidied, found))]

    @cached_property
    def _problem(self) -> Callable[[str], str | None]:
        """What is wrong with an entry; features are the same in many rooms."""
        return lru_cache(maxsize=4096)(self.each.problem)

    @cached_property
    def _piece(self) -> re.Pattern[str]:
        return re.compile(rf"(?:\\.|(?!{self.breaks})[^\\])+", re.DOTALL)

    @cached_property
    def _special(self) -> re.Pattern[str]:
        return re.compile(rf"\\|^[\[{{]|{self.breaks}")
