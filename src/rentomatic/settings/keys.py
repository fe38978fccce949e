"""The keys of those who may write, as the configuration keeps them: by their hash, never the key itself."""

import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

KEY_PREFIX = "rom_"
"""How every key begins, so that scanners for secrets and people know one when they see it."""

_KEY_BYTES = 32

# Shorter than a key, and than its hash: one that stands in the wrong place is never shown as a label.
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")
_COMMENT = re.compile(r"^[ \t]*#.*", re.MULTILINE)


class Scope(StrEnum):
    """What a key allows."""

    WRITE = "write"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key. label: who has it, for the log. digest: see `digest_of`."""

    label: str
    scopes: frozenset[Scope]
    digest: bytes = field(repr=False)

    @property
    def allowed(self) -> list[str]:
        """The names of the scopes, always in the same order."""
        return [str(scope) for scope in Scope if scope in self.scopes]

    @property
    def entry(self) -> str:
        """The key as the configuration has it: `label:write+import:<64 hexadecimal digits>`."""
        return f"{self.label}:{'+'.join(self.allowed)}:{self.digest.hex()}"


def new_key() -> str:
    """A key that nobody had before: 32 random bytes in 43 letters, digits, `-` and `_` behind the prefix."""
    return KEY_PREFIX + secrets.token_urlsafe(_KEY_BYTES)


def digest_of(key: str) -> bytes:
    """The SHA-256 of a key.

    A slow hash with a salt protects passwords, which can be guessed. Nobody guesses 256 random bits, and
    this one is computed for every request, also for those of strangers.
    """
    return sha256(key.encode()).digest()


def api_keys(text: str) -> tuple[ApiKey, ...]:
    """The keys of entries with commas or white space between them; lines that start with # do not count.

    Raises ValueError, which names every bad entry by its label or its place and repeats nothing else: it
    may be a key.
    """
    entries = [entry for entry in re.split(r"[\s,]+", _COMMENT.sub("", text)) if entry]
    keys: list[ApiKey] = []
    problems: list[str] = []
    for number, entry in enumerate(entries, 1):
        try:
            key = _api_key(entry)
            _refuse_known(key, keys)
            keys.append(key)
        except ValueError as error:
            problems.append(f"{_name(entry, number)} {error}")
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(keys)


def label(text: str) -> str:
    """Who has a key. Raises ValueError."""
    if not _LABEL.fullmatch(text) or text.startswith(KEY_PREFIX):
        raise ValueError(
            "must be 1 to 40 letters, digits, '.', '_' or '-', start with a letter or digit, and not with "
            f"{KEY_PREFIX}"
        )
    return text


def _api_key(entry: str) -> ApiKey:
    parts = entry.split(":")
    if len(parts) != 3:
        raise ValueError("is not label:scopes:hash, as `rentomatic make-key` writes it")
    name, scopes, digest = parts
    known = {str(scope): scope for scope in Scope}
    wanted = scopes.split("+")
    label(name)
    if not known.keys() >= set(wanted):
        raise ValueError(f"must have scopes from {' and '.join(known)}, joined by +")
    if not _DIGEST.fullmatch(digest):
        raise ValueError("does not end with the SHA-256 of a key, 64 hexadecimal digits")
    return ApiKey(name, frozenset(known[scope] for scope in wanted), bytes.fromhex(digest))


def _refuse_known(key: ApiKey, others: list[ApiKey]) -> None:
    for other in others:
        if other.label == key.label:
            raise ValueError("is used twice: each key needs its own label")
        if other.digest == key.digest:
            raise ValueError(f"is the same key as {other.label}")


def _name(entry: str, number: int) -> str:
    """The entry as a message may call it."""
    first, colon, _ = entry.partition(":")
    try:
        return f"entry {number} ({label(first)})" if colon else f"entry {number}"
    except ValueError:
        return f"entry {number}"
