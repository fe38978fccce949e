"""How servers are named in settings. No message repeats what may be a password."""

import re
from urllib.parse import quote

from rentomatic.repository.backend import Variables
from rentomatic.requests.numbers import integer

APPLICATION_DB = "application"
"""The database of the rooms, unless the variable of that name, or the URL, says another."""

_NAME_BYTES = 63  # PostgreSQL cuts longer names, MongoDB refuses them

ESCAPE = "; in a user name or password, percent-encode what is no letter or digit: @ as %40, / as %2F"

DISK_OF_SERVER = "the disk of the database server cannot be seen from here"

Address = tuple[str, str]
"""A host and its port, either of them empty where the driver is to choose."""


def read_addresses(variables: Variables, prefix: str) -> list[Address]:
    """Hosts and their ports: one for all of them, or one for each. Empty where they were refused."""
    hosts = variables.read(f"{prefix}HOSTNAME", _hosts)
    ports = variables.read(f"{prefix}PORT", lambda text: [str(port(part)) for part in text.split(",")])
    if hosts and len(ports) not in (1, len(hosts)):
        variables.refuse(f"{prefix}PORT", f"names {len(ports)} ports for {len(hosts)} hosts")
        return []
    return list(zip(hosts, ports * len(hosts), strict=False))


def _hosts(text: str) -> list[str]:
    """Names, addresses or, for PostgreSQL, directories of sockets, with commas between them."""
    hosts = text.split(",") if text else []
    for host in hosts:
        if not re.fullmatch(r"[\w./%:-]+", host) or host.count(":") == 1:
            raise ValueError("must be the name or address of a host, or several with commas, without a port")
    return hosts


def port(text: str) -> int:
    """The number of a port. Raises ValueError."""
    return integer(text, 1, 65535)


def database_name(text: str) -> str:
    """The name of a database. Raises ValueError."""
    if not text or "\0" in text or len(text.encode(errors="replace")) > _NAME_BYTES:
        raise ValueError(f"must be the name of a database, of at most {_NAME_BYTES} bytes")
    return plain_text(text)


def plain_text(text: str) -> str:
    """The text as it is. Raises ValueError where it cannot be sent to a server."""
    try:
        text.encode()
    except UnicodeError:
        raise ValueError("must be text in UTF-8") from None
    return text


def require_escapes(url: str) -> None:
    """Refuse a bare @ or / in a password: the rest of it would be taken for a host or a database."""
    authority, _, path = url.partition("://")[2].partition("/")
    if authority.count("@") > 1 or "@" in path.partition("?")[0]:
        raise ValueError(f"has more than one @{ESCAPE}")


def shown(address: Address) -> str:
    """The address as it is in a URL."""
    host, port = address
    name = f"[{host}]" if ":" in host else quote(host, safe="")
    return f"{name}:{port}" if port else name
