"""How long a TLS certificate is valid, whether a key is its, and what `doctor` says of it.

The file is PEM (RFC 7468), its certificate DER (X.690) in the structure of RFC 5280, section 4.1. Of a chain
the first one counts, which is that of the server.
"""

import base64
import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rentomatic.repository.findings import Finding, State, required
from rentomatic.settings import Settings, is_production

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_LEFT = timedelta(days=14)
_VERSION, _UTC_TIME, _GENERALIZED_TIME = 0xA0, 0x17, 0x18


@dataclass(frozen=True, slots=True)
class Validity:
    """The moments from which and up to which a certificate is valid."""

    start: datetime
    end: datetime


def check_certificate(settings: Settings) -> Finding:
    """Whether the certificate can be used, and long enough. Raises OSError."""
    path = settings.certificate
    if path is None:
        return _without_certificate(settings)
    try:
        valid = validity(path.read_text(encoding="ascii", errors="replace"))
    except ValueError as error:
        return Finding(State.WRONG, f"{path} {error}")
    key = path.with_suffix(".key")
    if key.exists() and not belong_together(path, key):
        return Finding(State.WRONG, f"{key} is not the key of {path}, which is not in use then")
    now = datetime.now(UTC)
    if valid.start > now:
        return Finding(State.WRONG, f"{path} is valid only from {valid.start:%Y-%m-%d %H:%M} UTC on")
    verb = "is valid until" if valid.end > now else "expired on"
    facts = f"{path} {verb} {valid.end:%Y-%m-%d %H:%M} UTC, at least {_LEFT.days} days are wanted"
    if valid.end - now >= _LEFT and not key.exists():
        return Finding(State.WARNING, f"{facts}; its key was not checked: there is no {key}")
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


def validity(pem: str) -> Validity:
    """The validity of the first certificate in the text. Raises ValueError where there is none."""
    if _BEGIN not in pem or _END not in pem:
        raise ValueError("holds no certificate (PEM)")
    first = pem.partition(_BEGIN)[2].partition(_END)[0]
    try:
        der = base64.b64decode("".join(first.split()), validate=True)
        # Certificate, TBSCertificate; its members are version (where it is not the first one),
        # serialNumber, signature, issuer, validity.
        to_be_signed = _members(_members(_members(der)[0][1])[0][1])
        members = [content for tag, content in to_be_signed if tag != _VERSION]
        start, end = (_moment(tag, content) for tag, content in _members(members[3]))
    except (ValueError, IndexError) as error:
        raise ValueError("holds a certificate that cannot be read") from error
    return Validity(start, end)


def belong_together(certificate: Path, key: Path) -> bool:
    """Whether it is the key of the first certificate of the file; both PEM. Raises OSError."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except ssl.SSLError:
        return False
    return True


def _members(der: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of the elements that stand one behind the other (X.690, 8.1)."""
    found, at = [], 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        if at + length > len(der):
            raise ValueError
        found.append((tag, der[at : at + length]))
        at += length
    return found


def _moment(tag: int, content: bytes) -> datetime:
    """RFC 5280, 4.1.2.5: two digits of a year from 50 on are of the twentieth century."""
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
