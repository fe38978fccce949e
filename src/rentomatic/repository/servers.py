"""How settings name servers. No message repeats a value that may be a password."""

import re
from urllib.parse import quote

from rentomatic.repository.backend import Variables
from rentomatic.requests.numbers import integer

APPLICATION_DB = "application"
"""The default name of the database."""

_NAME_BYTES = 63  # PostgreSQL cuts longer names off, MongoDB refuses them

ESCAPE = "; in a user name or password, percent-encode what is no letter or digit: @ as %40, / as %2F"

DISK_OF_SERVER = "the disk of the database server cannot be seen from here"

Address = tuple[str, str]
"""A host and its port; either is empty if the driver is to choose."""


def read_addresses(variables: Variables, prefix: str) -> list[Address]:
    """Return the hosts with their ports: one for all, or one for each. Empty if the settings were refused."""
    hosts = variables.read(f"{prefix}HOSTNAME", _hosts)
    ports = variables.read(f"{prefix}PORT", lambda text: [str(port(part)) for part in text.split(",")])
    if hosts and len(ports) not in (1, len(hosts)):
        variables.refuse(f"{prefix}PORT", f"names {len(ports)} ports for {len(hosts)} hosts")
        return []
    return list(zip(hosts, ports * len(hosts), strict=False))


def _hosts(text: str) -> list[str]:
    """Split a list at its commas: names, addresses or, for PostgreSQL, directories of sockets."""
    hosts = text.split(",") if text else []
    for host in hosts:
        if not re.fullmatch(r"[\w./%:-]+", host) or host.count(":") == 1:
            raise ValueError("must be the name or address of a host, or several with commas, without a port")
    return hosts


def port(text: str) -> int:
    """Return the number of a port. Raises ValueError."""
    return integer(text, 1, 65535)


def database_name(text: str) -> str:
    """Return the name of a database. Raises ValueError."""
    if not text or "\0" in text or len(text.encode(errors="replace")) > _NAME_BYTES:
        raise ValueError(f"must be the name of a database, of at most {_NAME_BYTES} bytes")
    return plain_text(text)


def plain_text(text: str) -> str:
    """Return the text unchanged. Raises ValueError if it cannot be sent to a server."""
    try:
        text.encode()
    except UnicodeError:
        raise ValueError("must be text in UTF-8") from None
    return text


def require_escapes(url: str) -> None:
    """Refuse an unescaped @ or / in a password: the rest would be read as a host or a database."""
    authority, _, path = url.partition("://")[2].partition("/")
    if authority.count("@") > 1 or "@" in path.partition("?")[0]:
        raise ValueError(f"has more than one @{ESCAPE}")


def shown(address: Address) -> str:
    """Return the address as it appears in a URL."""
    host, port = address
    name = f"[{host}]" if ":" in host else quote(host, safe="")
    return f"{name}:{port}" if port else name
