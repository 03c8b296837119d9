"""The PostgreSQL of the server profile: connecting to it, and naming it in messages."""

from urllib.parse import parse_qs, unquote, urlsplit

import psycopg2
from psycopg2.extensions import connection as PostgresConnection


class DatabaseUnreachableError(Exception):
    """The database did not answer: says which and what to check."""


def connect_postgres(url: str, *, application_name: str = "lead-platform") -> PostgresConnection:
    """A connection in autocommit mode. Raises DatabaseUnreachableError."""
    try:
        connection = psycopg2.connect(
            url, application_name=application_name[:63], connect_timeout=10
        )
    except psycopg2.OperationalError as error:
        reason = without_password(url, str(error).strip().splitlines()[0])
        raise DatabaseUnreachableError(
            f"{describe_database(url)} does not answer: {reason}. Check that it runs "
            "and that LEAD_PLATFORM_DATABASE_URL is right."
        ) from None
    connection.autocommit = True
    return connection


def create_schema(url: str, schema: str) -> None:
    """Create the schema unless it is there."""
    connection = connect_postgres(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"create schema if not exists {schema}")
    finally:
        connection.close()


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
