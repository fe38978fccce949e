"""Passwords that are easy to guess."""

from rentomatic.repository.backend import Login

GOOD_LENGTH = 16
"""Characters of a password that cannot be found by trying."""

_DEFAULTS = {
    *("12345678", "admin", "changeme", "change-me", "default", "example", "mongo", "mongodb", "pass"),
    *("passwd", "password", "postgres", "postgresql", "rentomatic", "root", "secret", "test", "user"),
}
"""Defaults of examples and images, which attackers try first."""


def is_weak(login: Login) -> bool:
    """Whether the password is easy to guess: a common default, or a known name."""
    known = {*_DEFAULTS, login.user.casefold(), login.database.casefold()}
    return bool(login.password) and login.password.casefold() in known
