"""Passwords that strangers would guess."""

from rentomatic.repository.backend import Login

GOOD_LENGTH = 16
"""Characters of a password that nobody finds by trying."""

_DEFAULTS = {
    *("12345678", "admin", "changeme", "change-me", "default", "example", "mongo", "mongodb", "pass"),
    *("passwd", "password", "postgres", "postgresql", "rentomatic", "root", "secret", "test", "user"),
}
"""What examples and images come with, and so what strangers try first."""


def is_weak(login: Login) -> bool:
    """Whether a stranger would guess the password: a usual default, or a name that is known anyway."""
    known = {*_DEFAULTS, login.user.casefold(), login.database.casefold()}
    return bool(login.password) and login.password.casefold() in known
