"""Commands that let people and their tools read the lake: `sql`, `readers`."""

import secrets
import shlex
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lead_platform.cli.terminal import console, plain_errors, print_rows
from lead_platform.settings import Settings

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
    from lead_platform.lake.queries import run_apart

    if not query and not attach:
        raise typer.BadParameter('Give a query, such as: lead-platform sql "from identity.leads"')
    settings = Settings()
    if attach or not query:
        _print_attachment(settings, _readable(settings, snapshot), user)
        return

    def answer(folder: Path) -> None:
        with plain_errors():
            at = _readable(settings, snapshot)
            _answer(settings, query, at, folder, partial(print_rows, as_csv=as_csv, is_raw=is_raw))

    if code := run_apart(settings, answer):
        raise typer.Exit(code)


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
    attach = f"lead-platform sql --attach --user {shlex.quote(name)}"
    console.print(f"Attach with: {attach}", markup=False, highlight=False, soft_wrap=True)


def _readable(settings: Settings, snapshot: int | None) -> int:
    """The snapshot that is asked for, by default the published one. Raises where it is gone."""
    from lead_platform.lake.lake import Lake

    lake = Lake(settings)
    at = snapshot if snapshot is not None else lake.published().snapshot_id
    lake.require_readable(at)
    return at


def _answer(
    settings: Settings,
    query: str,
    snapshot_id: int,
    folder: Path,
    show: Callable[[list[str], Iterator[tuple]], None],
) -> None:
    from lead_platform.lake.queries import ask, end_after, read_alone

    with read_alone(settings, snapshot_id, folder=folder) as connection:
        end_after(settings.query_seconds)
        with ask(connection, query, seconds=settings.query_seconds) as result:
            header = [column[0] for column in result.description or []]
            show(header, _fetched(result))


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
