"""Who may write: keys in the header Authorization (RFC 6750), their scopes, and the audit log."""

import hmac
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from falcon import Request

from rentomatic.settings import ApiKey, Scope, digest_of

__all__ = ["AccessDenied", "Keys", "Scope", "ScopeMissing", "Unauthorized", "WritesOff"]

_log = logging.getLogger("rentomatic.audit")


class AccessDenied(Exception):
    """A request that its sender may not make.

    challenge: what WWW-Authenticate says beside the realm; None where no key would help.
    """

    status: HTTPStatus
    slug: str
    title: str
    challenge: Mapping[str, str] | None = None


class Unauthorized(AccessDenied):
    """A request without a key that needs one, or with one that is none of this server."""

    status = HTTPStatus.UNAUTHORIZED
    slug = "unauthorized"
    title = "A valid key is needed"

    def __init__(self, detail: str, **challenge: str) -> None:
        super().__init__(detail)
        self.challenge = challenge


class ScopeMissing(AccessDenied):
    """A key that allows other things."""

    status = HTTPStatus.FORBIDDEN
    slug = "insufficient-scope"
    title = "The key does not allow this"

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"This takes a key with the scope `{scope}`; yours is without it.")
        self.challenge = {"error": "insufficient_scope", "scope": str(scope)}


class WritesOff(AccessDenied):
    """A server without a single key."""

    status = HTTPStatus.FORBIDDEN
    slug = "writes-off"
    title = "Writing is off"

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
        """Let a request pass that has a key with the scope; `req.context.key` is the key's label then.

        Raises AccessDenied.
        """
        try:
            key = self._of(req)
            req.context.key = key.label
            if scope not in key.scopes:
                raise ScopeMissing(scope)
        except AccessDenied as refusal:
            self.audit(req, "denied", reason=refusal.slug)
            raise

    def audit(self, req: Request, act: str, **facts: object) -> None:
        """Write down who did what, under the id of the request; see `rentomatic.web.logs`."""
        label = getattr(req.context, "key", None)
        _log.info(act, extra={"request_id": req.context.request_id, "key": label, "act": act, **facts})

    def _of(self, req: Request) -> ApiKey:
        if not self._entries:
            raise WritesOff
        scheme, _, credentials = (req.get_header("Authorization") or "").partition(" ")
        given = credentials.strip()
        if scheme.lower() != "bearer" or not given:
            raise Unauthorized("This takes a key: send `Authorization: Bearer <key>`.")  # RFC 6750, 3.1
        digest, found = digest_of(given), None
        for entry in self._entries:  # all of them, whichever it is: time tells nothing
            if hmac.compare_digest(digest, entry.digest):
                found = entry
        if found is None:
            raise Unauthorized(
                "The key is none of this server: mistyped, or taken back.", error="invalid_token"
            )
        return found
