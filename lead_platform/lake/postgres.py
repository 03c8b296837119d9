"""The PostgreSQL of the server profile: connecting to it, and naming it in messages."""

from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as PostgresConnection

# By libpq's names, in seconds but for the last, in milliseconds. A server that hangs, or a proxy
# before one that does, accepts who connects and never answers: libpq would wait for ever. A peer
# that is gone without a word (a fail-over, a cut line) is noticed after half a minute, not after
# the two hours the system waits by itself. None of them limits how long a statement takes.
_LIMITS = {
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}

# DuckLake's tables get a schema of their own beside Dagster's in the same database.
CATALOG_SCHEMA = "lake_catalog"


class DatabaseUnreachableError(Exception):
    """The database did not answer: says which and what to check."""


def connect_postgres(url: str, *, application_name: str = "lead-platform") -> PostgresConnection:
    """A connection in autocommit mode. Raises DatabaseUnreachableError."""
    limits: dict[str, Any] = connection_limits(url)
    try:
        connection = psycopg2.connect(
            url,
            application_name=application_name[:63],
            # A database made without an encoding would take ASCII alone.
            client_encoding="UTF8",
            **limits,
        )
    except (psycopg2.OperationalError, psycopg2.ProgrammingError) as error:
        reason = without_password(url, str(error).strip().splitlines()[0])
        raise DatabaseUnreachableError(
            f"{describe_database(url)} does not answer: {reason}. Check that it runs "
            "and that LEAD_PLATFORM_DATABASE_URL is right."
        ) from None
    connection.autocommit = True
    return connection


def connection_limits(url: str) -> dict[str, str]:
    """How long whoever connects to this URL waits for a silent peer, by libpq's names: what the
    URL itself says of that stands, and is not among them."""
    said = parse_qs(urlsplit(url).query, keep_blank_values=True)
    return {name: value for name, value in _LIMITS.items() if name not in said}


def with_limits(url: str) -> str:
    """The URL with these limits in it, for clients that take nothing beside one."""
    limits = connection_limits(url)
    return f"{url}{'&' if '?' in url else '?'}{urlencode(limits)}" if limits else url


def create_schema(url: str, schema: str) -> None:
    """Create the schema unless it is there."""
    connection = connect_postgres(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"create schema if not exists {schema}")
    finally:
        connection.close()


def create_reader(url: str, name: str, password: str, schema: str) -> None:
    """A role that may log in and read the schema, now and later, and nothing else.

    A role of that name gets the new password. What the URL's user makes in the schema from now on
    is readable too: the lake makes tables there as it grows.
    """
    role, space = sql.Identifier(name), sql.Identifier(schema)
    database = sql.Identifier(urlsplit(url).path.lstrip("/"))
    connection = connect_postgres(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1 from pg_roles where rolname = %s", [name])
            verb = sql.SQL("alter" if cursor.fetchone() else "create")
            for statement in _READER_GRANTS:
                cursor.execute(
                    sql.SQL(statement).format(
                        verb=verb,
                        role=role,
                        password=sql.Literal(password),
                        database=database,
                        schema=space,
                    )
                )
    except psycopg2.Error as error:
        reason = without_password(url, str(error).strip().splitlines()[0])
        raise PermissionError(
            f"{describe_database(url)} did not make the role {name!r}: {reason}. "
            "Its user needs the right to create roles, or a role made by an administrator."
        ) from None
    finally:
        connection.close()


_READER_GRANTS = (
    "{verb} role {role} login nosuperuser nocreatedb nocreaterole password {password}",
    "alter role {role} set default_transaction_read_only = on",
    "grant connect on database {database} to {role}",
    "grant usage on schema {schema} to {role}",
    "grant select on all tables in schema {schema} to {role}",
    "alter default privileges in schema {schema} grant select on tables to {role}",
)


def reader_address(url: str, user: str | None) -> str:
    """The URL without a password, for `user` where one is given: what may be shown and passed on.

    The client's own libpq finds the password in PGPASSWORD or its password file.
    """
    parts = urlsplit(url)
    _, _, place = parts.netloc.rpartition("@")
    name = quote(user, safe="") if user else (parts.username or "")
    kept = [
        pair
        for pair in parts.query.split("&")
        if pair and not pair.lower().startswith(("password=", "user=" if user else "password="))
    ]
    return urlunsplit(
        parts._replace(netloc=f"{name}@{place}" if name else place, query="&".join(kept))
    )


def describe_database(url: str) -> str:
    """The database a URL points to, without user and password."""
    parts = urlsplit(url)
    host = parts.hostname or parse_qs(parts.query).get("host", ["localhost"])[0]
    return f"PostgreSQL at {host}:{parts.port or 5432}{parts.path}"


def without_password(url: str, text: str) -> str:
    """The text with the URL's password blanked, as it stands there and decoded."""
    password = urlsplit(url).password
    if not password:
        return text
    return text.replace(password, "***").replace(unquote(password), "***")
