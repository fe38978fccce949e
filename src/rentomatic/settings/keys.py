"""The API keys in the configuration: their hashes, never the keys themselves."""

import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

KEY_PREFIX = "rom_"
"""The prefix of every key, by which scanners for secrets and people recognise it."""

_KEY_BYTES = 32

# Shorter than a key and its hash: one in the wrong place is never shown as a label.
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")
_COMMENT = re.compile(r"^[ \t]*#.*", re.MULTILINE)


class Scope(StrEnum):
    """What a key allows."""

    WRITE = "write"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The entry of a key. label: its holder, for the log. digest: see `digest_of`."""

    label: str
    scopes: frozenset[Scope]
    digest: bytes = field(repr=False)

    @property
    def allowed(self) -> list[str]:
        """The names of the scopes, in a fixed order."""
        return [str(scope) for scope in Scope if scope in self.scopes]

    @property
    def entry(self) -> str:
        """The entry in the configuration: `label:write+import:<64 hexadecimal digits>`."""
        return f"{self.label}:{'+'.join(self.allowed)}:{self.digest.hex()}"


def new_key() -> str:
    """Return a new key: 32 random bytes as 43 letters, digits, `-` and `_` after the prefix."""
    return KEY_PREFIX + secrets.token_urlsafe(_KEY_BYTES)


def digest_of(key: str) -> bytes:
    """Return the SHA-256 of a key.

    A slow salted hash protects passwords, which can be guessed. Nobody can guess 256 random bits, and this
    hash is computed for every request, even those of strangers.
    """
    return sha256(key.encode()).digest()


def api_keys(text: str) -> tuple[ApiKey, ...]:
    """Parse the keys in entries separated by commas or white space; lines starting with # are ignored.

    Raises ValueError, which names every bad entry by its label or its position and repeats nothing else,
    because it may be a key.
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
    """Return the label of a key. Raises ValueError."""
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
    """Return the name of the entry for a message."""
    first, colon, _ = entry.partition(":")
    try:
        return f"entry {number} ({label(first)})" if colon else f"entry {number}"
    except ValueError:
        return f"entry {number}"
