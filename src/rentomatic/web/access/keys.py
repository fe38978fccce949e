"""API keys, from the header Authorization (RFC 6750) or from a page, their scopes, and the audit log."""

import hmac
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from falcon import Request

from rentomatic.settings import ApiKey, Scope, digest_of
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.web.http import problems
from rentomatic.web.http.errors import AccessDenied

__all__ = ["Keys", "Scope"]

_log = logging.getLogger("rentomatic.audit")
_denied = logging.getLogger("rentomatic.keys")


class Unauthorized(AccessDenied):
    """A request lacks a key that it needs, or has an unknown one."""

    problem = problems.UNAUTHORIZED

    def __init__(self, detail: str, **challenge: str) -> None:
        super().__init__(detail)
        self.challenge = challenge


class ScopeMissing(AccessDenied):
    """The key lacks the scope."""

    problem = problems.INSUFFICIENT_SCOPE

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"This key lacks the `{scope}` scope.")
        self.scope = scope
        self.challenge = {"error": "insufficient_scope", "scope": str(scope)}


class WritesOff(AccessDenied):
    """The server has no keys."""

    problem = problems.WRITES_OFF

    def __init__(self) -> None:
        super().__init__(
            "Writing is off: this server has no key. Its operator makes one with `rentomatic make-key` "
            "and gives the entry to the server in RENTOMATIC_API_KEYS."
        )


class Keys:
    """The keys of this server; without one, nobody may write."""

    def __init__(self, entries: Sequence[ApiKey] = ()) -> None:
        self._entries = tuple(entries)

    def authorize(self, req: Request, scope: Scope) -> None:
        """Check the key in the header of an API request, as `check` does."""
        self.check(req, _in_header(req), scope)

    def check(self, req: Request, given: str, scope: Scope | None = None) -> ApiKey:
        """Require a known key, with the scope if one is given, and set `req.context.key` to its label.

        given: the key, empty if the request has none. Raises AccessDenied, and logs it.
        """
        try:
            key = self._known(given)
            req.context.key = key.label
            if scope is not None and scope not in key.scopes:
                raise ScopeMissing(scope)
        except AccessDenied as refusal:
            # Strangers can be denied any number of times: the log level decides whether these lines appear.
            _denied.info("denied", extra=_facts(req, "denied", reason=refusal.problem.slug))
            raise
        return key

    def find(self, given: str) -> ApiKey | None:
        """Return the entry of a key, or None if the key is unknown."""
        digest, found = digest_of(given), None
        for entry in self._entries:  # always compare all, so that the time reveals nothing
            if hmac.compare_digest(digest, entry.digest):
                found = entry
        return found

    @property
    def let_write(self) -> bool:
        """Whether there is any key, so that anybody may write."""
        return bool(self._entries)

    def audit(self, req: Request, act: str, **facts: object) -> None:
        """Log who did what, with the id of the request; see `rentomatic.web.telemetry.logs`."""
        _log.info(act, extra=_facts(req, act, **facts))

    @contextmanager
    def attempt(self, req: Request, act: str, **facts: object) -> Iterator[None]:
        """Log the act with `outcome` "unknown" if the storage becomes unavailable in the context."""
        try:
            yield
        except RepositoryUnavailable:
            self.audit(req, act, outcome="unknown", **facts)
            raise

    def _known(self, given: str) -> ApiKey:
        if not self.let_write:
            raise WritesOff
        if not given:
            raise Unauthorized("A key is needed: send `Authorization: Bearer <key>`.")  # RFC 6750, 3.1
        found = self.find(given)
        if found is None:
            raise Unauthorized("Unknown or revoked key.", error="invalid_token")
        return found


def _in_header(req: Request) -> str:
    scheme, _, credentials = (req.get_header("Authorization") or "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else ""


def _facts(req: Request, act: str, **facts: object) -> dict[str, object]:
    label = getattr(req.context, "key", None)
    return {"request_id": req.context.request_id, "key": label, "act": act, **facts}
