"""The validity of a TLS certificate and its key, as `doctor` reports them.

The file is PEM (RFC 7468). In a chain the first certificate counts, which is the server's.
"""

import os
import ssl

# The only function of the standard library that reads a certificate from a file; CPython's own tests of `ssl`
# stand on it. docs/architecture.md says why it is used.
from _ssl import _test_decode_cert  # type: ignore[attr-defined]
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rentomatic.repository.findings import Finding, State, required
from rentomatic.settings import Settings, is_production

_LEFT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Validity:
    """The times from which and up to which a certificate is valid."""

    start: datetime
    end: datetime


def check_certificate(settings: Settings) -> Finding:
    """Check that the certificate is valid, and for long enough. Raises OSError."""
    path = settings.certificate
    if path is None:
        return _without_certificate(settings)
    try:
        valid = validity(path)
    except ValueError as error:
        return Finding(State.WRONG, f"{path} {error}")
    key = path.with_suffix(".key")
    if key.exists() and not belong_together(path, key):
        return Finding(State.WRONG, f"{key} is not the key of {path}, so the certificate is not in use")
    now = datetime.now(UTC)
    if valid.start > now:
        return Finding(State.WRONG, f"{path} is only valid from {valid.start:%Y-%m-%d %H:%M} UTC on")
    verb = "is valid until" if valid.end > now else "expired on"
    facts = f"{path} {verb} {valid.end:%Y-%m-%d %H:%M} UTC, at least {_LEFT.days} days should be left"
    if valid.end - now >= _LEFT and not key.exists():
        return Finding(State.WARNING, f"{facts}; its key was not checked because there is no {key}")
    return required(valid.end - now >= _LEFT, facts)


def _without_certificate(settings: Settings) -> Finding:
    if settings.trusted_proxies:
        proxies = ", ".join(settings.trusted_proxies)
        return Finding(
            State.NOT_CHECKED,
            f"none here; the proxy in front ({proxies}) has to serve HTTPS, with its own certificate",
        )
    if is_production(os.environ):
        return Finding(
            State.WARNING,
            "none: HTTP only, so keys and cookies of staff cross the network unencrypted "
            "(docs/operations.md, TLS)",
        )
    return Finding(State.NOT_CHECKED, "RENTOMATIC_CERTIFICATE is not set")


def validity(path: Path) -> Validity:
    """Return the validity of the first certificate in a PEM file. Raises OSError, and ValueError."""
    path.open().close()  # raises a specific error if the file cannot be read
    try:
        found = _test_decode_cert(path)
    except ssl.SSLError as error:
        raise ValueError("contains no readable certificate (PEM)") from error
    start, end = (ssl.cert_time_to_seconds(str(found[name])) for name in ("notBefore", "notAfter"))
    return Validity(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))


def belong_together(certificate: Path, key: Path) -> bool:
    """Whether it is the key of the file's first certificate; both are PEM. Raises OSError."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except ssl.SSLError:
        return False
    return True
