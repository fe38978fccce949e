"""Who may write: keys, in the header Authorization (RFC 6750) or of a page, their scopes, the audit log."""

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
    """A request without a key that needs one, or with one that is none of this server."""

    problem = problems.UNAUTHORIZED

    def __init__(self, detail: str, **challenge: str) -> None:
        super().__init__(detail)
        self.challenge = challenge


class ScopeMissing(AccessDenied):
    """A key that allows other things."""

    problem = problems.INSUFFICIENT_SCOPE

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"This key lacks the `{scope}` scope.")
        self.scope = scope
        self.challenge = {"error": "insufficient_scope", "scope": str(scope)}


class WritesOff(AccessDenied):
    """A server without a single key."""

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
        """Let a request of the API pass whose header has a key with the scope, as `check` does."""
        self.check(req, _in_header(req), scope)

    def check(self, req: Request, given: str, scope: Scope | None = None) -> ApiKey:
        """Let a request pass that came with a key, and with the scope; `req.context.key` is its label then.

        given: empty where the request has none. Raises AccessDenied, and tells the log of it.
        """
        try:
            key = self._known(given)
            req.context.key = key.label
            if scope is not None and scope not in key.scopes:
                raise ScopeMissing(scope)
        except AccessDenied as refusal:
            # Any stranger can be denied, as often as it likes: the log level decides about these lines.
            _denied.info("denied", extra=_facts(req, "denied", reason=refusal.problem.slug))
            raise
        return key

    def find(self, given: str) -> ApiKey | None:
        """What is known of a key, None where it is none of this server."""
        digest, found = digest_of(given), None
        for entry in self._entries:  # all of them, whichever it is: time tells nothing
            if hmac.compare_digest(digest, entry.digest):
                found = entry
        return found

    @property
    def let_write(self) -> bool:
        """Whether there is any key, and so whether anybody may write."""
        return bool(self._entries)

    def audit(self, req: Request, act: str, **facts: object) -> None:
        """Write down who did what, under the id of the request; see `rentomatic.web.telemetry.logs`."""
        _log.info(act, extra=_facts(req, act, **facts))

    @contextmanager
    def attempt(self, req: Request, act: str, **facts: object) -> Iterator[None]:
        """Write down with `outcome` "unknown" what the storage may have done before it went away."""
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
