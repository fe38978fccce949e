"""How settings name PostgreSQL: by a URL, or keywords as libpq takes them, or by the variables POSTGRES_….

No message repeats a value that may be a password.
"""

from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from rentomatic.repository.backend import Parts, Storage, Variables
from rentomatic.repository.servers import (
    ESCAPE,
    database_name,
    plain_text,
    read_addresses,
    require_escapes,
    shown,
)

if TYPE_CHECKING:
    from rentomatic.repository.postgres.backend import PostgresBackend

_CHOICES = {
    "sslmode": {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"},
    "target_session_attrs": {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"},
}
"""Parameters that libpq would check only on connecting."""


def _of_url(url: str, variables: Variables) -> "PostgresBackend":
    require_escapes(url)
    parameters = _libpq_parameters(url)
    for name, choices in _CHOICES.items():
        if parameters.get(name, "") not in {"", *choices}:
            raise ValueError(f"has an {name} that is not one of {', '.join(sorted(choices))}")
    ports = parameters.get("port", "").split(",")
    if len(ports) not in (1, len(parameters.get("host", "").split(","))) or not all(map(_is_port, ports)):
        raise ValueError(f"has a port that is not a whole number from 1 to 65535{ESCAPE}")
    return _backend(parameters, variables)


def _of_parts(variables: Variables) -> "PostgresBackend | None":
    """Without a password, libpq looks for one elsewhere, or for a certificate."""
    addresses = read_addresses(variables, "POSTGRES_")
    user = variables.read("POSTGRES_USER", plain_text)
    password = variables.read("POSTGRES_PASSWORD", plain_text)
    if not addresses:
        return None
    hosts, ports = (",".join(part) for part in zip(*addresses, strict=True))
    parameters = {"host": hosts, "port": ports, "user": user, **({"password": password} if password else {})}
    return _backend(parameters, variables)


def _backend(parameters: dict[str, str], variables: Variables) -> "PostgresBackend":
    from psycopg.conninfo import make_conninfo

    from rentomatic.repository.postgres.backend import PostgresBackend

    application, maintenance = (
        variables.read(name, database_name) for name in ("APPLICATION_DB", "POSTGRES_DB")
    )
    name = database_name(parameters.get("dbname") or application)
    hosts = (parameters.get("host") or parameters.get("hostaddr", "")).split(",")
    ports = parameters.get("port", "").split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    addresses = ",".join(map(shown, zip(hosts, ports, strict=True)))
    return PostgresBackend(
        name=name,
        label=f"postgresql://{addresses}/{quote(name)}",
        conninfo=make_conninfo(**{**parameters, "dbname": name}),
        maintenance=make_conninfo(**{**parameters, "dbname": maintenance}),
    )


def _libpq_parameters(conninfo: str) -> dict[str, str]:
    from psycopg import Error
    from psycopg.conninfo import conninfo_to_dict

    try:
        return {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    except (Error, UnicodeError):  # both quote the text, which may be a password
        raise ValueError(f"is not a valid PostgreSQL URL{ESCAPE}") from None


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535)


STORAGE = Storage(
    schemes=("postgresql", "postgres"),
    examples=("postgresql://…",),
    backend=_of_url,
    parts=Parts(
        prefix="POSTGRES_",
        defaults=MappingProxyType(
            {
                "POSTGRES_HOSTNAME": "",
                "POSTGRES_PORT": "5432",
                "POSTGRES_USER": "postgres",
                "POSTGRES_PASSWORD": "",
                "POSTGRES_DB": "postgres",
            }
        ),
        backend=_of_parts,
    ),
)
