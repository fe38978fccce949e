"""The validity of a certificate."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rentomatic.cli.certificate import Validity, validity

# openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=localhost -days 30000
REAL = """
-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUekmXaaiihAV5dMR1CHVgu5K1LSYwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE3NTU1MVoYDzIxMDkwMTEx
MTc1NTUxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASbxWjIPxuZk0BmKtDNUceqniKoCHOwEvAHDFE7AjwEywK7yKwR71ZB
1B5yh0HnxNXtcEgWeOgXgZejfRYcHH2Jo1MwUTAdBgNVHQ4EFgQULFcx0o2603fq
6QlC86Ief8bG2AEwHwYDVR0jBBgwFoAULFcx0o2603fq6QlC86Ief8bG2AEwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBxfll8eBdxmpbzjYgR9PGK
NO0TWjAhJKqOk/WbDxjZzgIhAMuLu/5D0p7lBBp7hYgtzFyEUZddEO2LyUBU8ugG
LL7j
-----END CERTIFICATE-----
"""
START = datetime(2026, 11, 22, 17, 55, 51, tzinfo=UTC)


_ALGORITHM = "301306072a8648ce3d020106082a8648ce3d030107"
"""Elliptic curves, and which: an AlgorithmIdentifier of RFC 5280."""


def element(tag: int, content: bytes) -> bytes:
    """Return an element of DER, with a length of one byte, or of two after one that says so."""
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def moment(when: datetime) -> bytes:
    """Return a time as in RFC 5280: until 2049 with a two-digit year."""
    if 1950 <= when.year < 2050:
        return element(0x17, f"{when:%y%m%d%H%M%SZ}".encode())
    return element(0x18, f"{when:%Y%m%d%H%M%SZ}".encode())


def pem(start: datetime, end: datetime) -> str:
    """Return a certificate (RFC 5280, 4.1) without subject and valid signature."""
    algorithm, bits = bytes.fromhex(_ALGORITHM), element(3, b"\x00")
    members = (
        element(2, b"\x01"),
        algorithm,
        element(0x30, b""),
        element(0x30, moment(start) + moment(end)),
        element(0x30, b""),
        element(0x30, algorithm + bits),
    )
    der = element(0x30, element(0x30, b"".join(members)) + algorithm + bits)
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"


@pytest.fixture
def validity_of(tmp_path: Path) -> Callable[[str], Validity]:
    """Return the validity of a certificate with this content."""

    def validity_of(content: str) -> Validity:
        path = tmp_path / "tls.crt"
        path.write_text(content, encoding="ascii")
        return validity(path)

    return validity_of


def test_a_real_certificate_is_read(validity_of: Callable[[str], Validity]) -> None:
    expected = Validity(START, datetime(2109, 1, 11, 17, 55, 51, tzinfo=UTC))

    assert expected == validity_of(REAL)
    assert expected == validity_of(REAL.replace("\n", "\r\n"))


@pytest.mark.parametrize("year", [1950, 1999, 2049, 2050, 9999])
def test_dates_of_any_year_are_read(validity_of: Callable[[str], Validity], year: int) -> None:
    end = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)

    assert Validity(START, end) == validity_of(pem(START, end))


def test_the_first_certificate_of_a_chain_counts(validity_of: Callable[[str], Validity]) -> None:
    chain = "subject=CN = localhost\n" + REAL + pem(START, START)

    assert validity_of(REAL) == validity_of(chain)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        REAL.replace("M", "*"),
    ],
)
def test_a_text_without_a_certificate_is_refused(validity_of: Callable[[str], Validity], text: str) -> None:
    with pytest.raises(ValueError, match="contains no readable certificate"):
        validity_of(text)
