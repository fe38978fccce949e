"""How settings name MongoDB: by a URI as its drivers take it, or by the variables MONGODB_….

No message repeats a value that may be a password.
"""

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

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
    from rentomatic.repository.mongo.backend import MongoBackend


def _of_url(url: str, variables: Variables) -> "MongoBackend":
    from rentomatic.repository.mongo.backend import MongoBackend

    require_escapes(url)
    parsed = _parsed(url)
    if parsed["collection"]:
        raise ValueError("names a collection after the database: leave it out")
    application = variables.read("APPLICATION_DB", database_name)
    name = database_name(parsed["database"] or application)
    if re.search(r'[/\\. "$*<>:|?]', name):
        raise ValueError("has a database name that MongoDB does not allow")
    scheme = url.partition("://")[0]
    addresses = ",".join(shown((host, str(port or ""))) for host, port in parsed["nodelist"])
    return MongoBackend(
        name=name,
        label=f"{scheme}://{addresses}/{quote(name)}",
        uri=url,
        user=parsed["username"] or "",
        password=parsed["password"] or "",
    )


def _of_parts(variables: Variables) -> "MongoBackend | None":
    """Users are looked up in the database `admin`."""
    addresses = read_addresses(variables, "MONGODB_")
    user = variables.read("MONGODB_USER", plain_text)
    password = variables.read("MONGODB_PASSWORD", plain_text)
    if bool(user) != bool(password):
        missing = "MONGODB_PASSWORD" if user else "MONGODB_USER"
        variables.refuse(missing, "is missing: user and password go together")
        return None
    if not addresses:
        return None
    login = f"{quote_plus(user)}:{quote_plus(password)}@" if user else ""
    source = "?authSource=admin" if user else ""
    try:
        return _of_url(f"mongodb://{login}{','.join(map(shown, addresses))}/{source}", variables)
    except ValueError as error:
        variables.refuse("APPLICATION_DB", str(error))
        return None


def _parsed(url: str) -> dict[str, Any]:
    from pymongo.errors import PyMongoError
    from pymongo.uri_parser import parse_uri

    # The driver resolves the host of mongodb+srv while parsing; parsing must not use the network.
    srv = url.startswith("mongodb+srv://")
    rest, _, options = url.partition("://")[2].partition("?")
    kept = "&".join(o for o in options.split("&") if not (srv and o.lower().startswith("srv")))
    try:
        parsed = dict(parse_uri(f"mongodb://{rest}" + (f"?{kept}" if kept else ""), default_port=None))
    except (PyMongoError, ValueError, TypeError, OSError):  # their messages may quote a password
        raise ValueError(f"is not a valid MongoDB URI{ESCAPE}") from None
    if srv and (len(parsed["nodelist"]) != 1 or parsed["nodelist"][0][1] is not None):
        raise ValueError("must have one host and no port after mongodb+srv://")
    return parsed


STORAGE = Storage(
    schemes=("mongodb", "mongodb+srv"),
    examples=("mongodb://…",),
    backend=_of_url,
    parts=Parts(
        prefix="MONGODB_",
        defaults=MappingProxyType(
            {
                "MONGODB_HOSTNAME": "",
                "MONGODB_PORT": "27017",
                "MONGODB_USER": "",
                "MONGODB_PASSWORD": "",
            }
        ),
        backend=_of_parts,
    ),
)
