"""The validity of a certificate."""

import base64
from datetime import UTC, datetime

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


def element(tag: int, content: bytes) -> bytes:
    """An element of DER; its length takes one byte, or one that says how many follow."""
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def moment(when: datetime) -> bytes:
    """A moment as RFC 5280 wants it: until 2049 with two digits of the year."""
    if 1950 <= when.year < 2050:
        return element(0x17, f"{when:%y%m%d%H%M%SZ}".encode())
    return element(0x18, f"{when:%Y%m%d%H%M%SZ}".encode())


def pem(start: datetime, end: datetime, version: bytes = element(0xA0, element(2, b"\x02"))) -> str:
    """As much of a certificate as its validity needs, and a long subject behind it."""
    members = (
        version,
        element(2, b"\x01"),
        element(0x30, b""),
        element(0x30, element(0x31, b"")),
        element(0x30, moment(start) + moment(end)),
        element(0x30, element(0x0C, b"x" * 300)),
    )
    der = element(0x30, element(0x30, b"".join(members)) + element(0x30, b"") + element(3, b"\x00"))
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"


def test_a_real_certificate_is_read() -> None:
    expected = Validity(START, datetime(2109, 1, 11, 17, 55, 51, tzinfo=UTC))

    assert expected == validity(REAL)
    assert expected == validity(REAL.replace("\n", "\r\n"))


@pytest.mark.parametrize("year", [1950, 1999, 2000, 2049, 2050, 9999])
@pytest.mark.parametrize("version", [b"", element(0xA0, element(2, b"\x02"))], ids=["v1", "v3"])
def test_years_of_two_digits_and_of_four_are_understood(year: int, version: bytes) -> None:
    end = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)

    assert Validity(START, end) == validity(pem(START, end, version))


def test_of_a_chain_the_first_counts() -> None:
    chain = "subject=CN = localhost\n" + REAL + pem(START, START)

    assert validity(REAL) == validity(chain)


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_text_without_a_certificate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="holds no certificate"):
        validity(text)


def test_a_damaged_certificate_is_refused() -> None:
    der = base64.b64decode("".join(REAL.split("-----")[2].split()))
    for length in range(120):
        cut = base64.encodebytes(der[:length]).decode()
        with pytest.raises(ValueError, match="cannot be read"):
            validity(f"-----BEGIN CERTIFICATE-----\n{cut}-----END CERTIFICATE-----")
    with pytest.raises(ValueError, match="cannot be read"):
        validity(REAL.replace("M", "*"))
