"""Commands that let people and their tools read the lake: `sql`, `readers`."""

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from lead_platform.settings import Settings
from lead_platform.terminal import console, print_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

readers_app = typer.Typer(no_args_is_help=True, help="Who else may read the lake (server profile).")

_ROWS_AT_ONCE = 10_000


def sql(
    query: Annotated[str | None, typer.Argument(help="Any query on <layer>.<table>.")] = None,
    attach: Annotated[
        bool, typer.Option("--attach", help="Print the statement any DuckDB client attaches with.")
    ] = False,
    user: Annotated[
        str | None, typer.Option(help="With --attach: the reader it logs in as (server profile).")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    is_raw: Annotated[
        bool, typer.Option("--raw", help="In CSV, leave cells that look like formulas as they are.")
    ] = False,
    snapshot: Annotated[int | None, typer.Option(help="An earlier release's snapshot.")] = None,
) -> None:
    """Query the published release, read-only."""
    from lead_platform.lake.lake import Lake
    from lead_platform.lake.queries import ask, read_alone

    if not query and not attach:
        raise typer.BadParameter('Give a query, such as: lead-platform sql "from identity.leads"')
    settings = Settings()
    lake = Lake(settings)
    at = snapshot if snapshot is not None else lake.published().snapshot_id
    lake.require_readable(at)
    if attach or not query:
        _print_attachment(settings, at, user)
        return
    with (
        read_alone(settings, at) as connection,
        ask(connection, query, seconds=settings.query_seconds) as result,
    ):
        header = [column[0] for column in result.description or []]
        print_rows(header, _fetched(result), as_csv=as_csv, is_raw=is_raw)


@readers_app.command("create")
def create_reader(
    name: Annotated[str, typer.Argument(help="The PostgreSQL role to make.")],
) -> None:
    """Make a PostgreSQL role that can read the catalog and nothing else; prints its password."""
    from lead_platform.lake.lake import Lake
    from lead_platform.lake.postgres import CATALOG_SCHEMA
    from lead_platform.lake.postgres import create_reader as create

    settings = Settings()
    if not settings.database_url:
        raise LookupError(
            "The embedded profile has no roles: whoever may read the home folder may read the "
            "lake. Set LEAD_PLATFORM_DATABASE_URL for the server profile."
        )
    Lake(settings).published()
    password = secrets.token_urlsafe(24)
    create(settings.database_url, name, password, CATALOG_SCHEMA)
    console.print(f"{name} can read the lake. Its password, shown once:", highlight=False)
    print(password)
    console.print(f"Attach with: lead-platform sql --attach --user {name}", highlight=False)


def _print_attachment(settings: Settings, snapshot_id: int, user: str | None) -> None:
    from lead_platform.lake.connection import attach_statement
    from lead_platform.lake.postgres import reader_address

    url = settings.database_url
    address = reader_address(url, user) if url else None
    print(attach_statement(settings, snapshot_id=snapshot_id, database_url=address) + ";")


def _fetched(result: "DuckDBPyConnection") -> Iterator[tuple]:
    """The rows, a batch at a time: a result larger than memory is printed all the same."""
    while batch := result.fetchmany(_ROWS_AT_ONCE):
        yield from batch
