"""What the commands share: the console, options, errors, rows as a table or CSV, runs."""

import csv
import logging
import os
import re
import sys
import termios
import tty
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lead_platform.settings import Settings, SettingsError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class _Console(Console):
    """What reads the output may stop reading (`| head`): the work goes on, unseen."""

    def on_broken_pipe(self) -> None:
        """Write nowhere from now on; the library would end the process."""
        with suppress(SystemExit):
            super().on_broken_pipe()


console = _Console()

# A table is laid out as a whole before its first line is printed.
TERMINAL_ROWS = 1_000

# Clocks differ, and a day may have begun elsewhere.
_AHEAD = timedelta(days=1)


def as_text(said: str) -> str:
    """What a person typed, with escapes for bytes that are no text: a terminal hands on any."""
    return os.fsencode(said).decode("utf-8", "backslashreplace")


Why = Annotated[str, typer.Option("--reason", parser=as_text, help="Why; kept in the audit log.")]
Person = Annotated[
    str, typer.Option("--by", parser=as_text, help="Who decides; default: the system user.")
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="The instant to work at (ISO 8601, UTC); default now.")
]


@contextmanager
def untold(module: str) -> Iterator[None]:
    """Warnings of a module that tell nothing new here are not printed for the block."""
    log = logging.getLogger(module)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def run_visibly(
    settings: Settings,
    job: str,
    operations: dict[str, dict],
    as_of: datetime | None,
    rows: int | None = None,
) -> dict[str, float]:
    """Run a job with visible progress; seconds by step. Exits with 1 where it failed. `rows`: how
    many are made anew, in the job `catch_up`."""
    from lead_platform.orchestration.runs import run_job_visibly

    outcome = run_job_visibly(settings, job, operations, as_of, console, rows)
    for line in outcome.failed_checks:
        console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)
    if not outcome.success:
        for line in outcome.errors:
            console.print(line, style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1)
    return outcome.seconds_by_step


FIRST_STEP = "Start with: lead-platform demo, or lead-platform ingest PATH --channel NAME"


def require_leads(connection: "DuckDBPyConnection") -> None:
    """Raise LookupError where no run has made a lead yet."""
    known = connection.execute("select 1 from identity.leads limit 1").fetchone()
    if known is None:
        raise LookupError(f"There are no leads here yet. {FIRST_STEP}")


def parse_option(option: str, text: str | None) -> datetime | None:
    """The instant an option gives. Exits with 2 where it is none."""
    from lead_platform.lake.lake import utc_now
    from lead_platform.lake.resource import parse_instant

    try:
        instant = parse_instant(text) if text else None
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{option} {text!r} is no instant; write it like 2026-06-30T09:00:00"
        ) from None
    if option == "--as-of" and instant and instant > utc_now() + _AHEAD:
        raise typer.BadParameter(
            f"{option} {text!r} lies ahead; what is decided then would be newer than all that "
            "comes. Give an instant that has been, or leave it out for now"
        )
    return instant


def complain(told: str) -> None:
    """Say what is wrong, on standard error."""
    Console(stderr=True).print(told, style="red", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Expected errors carry their next step; a traceback would bury it."""
    import duckdb

    from lead_platform.configuration import ConfigurationError
    from lead_platform.lake.backup import BackupError
    from lead_platform.lake.catalogs import CatalogCopyError
    from lead_platform.lake.connection import LakeUnreachableError
    from lead_platform.lake.dbt import DbtFailedError
    from lead_platform.lake.exchange import ExchangeFailedError
    from lead_platform.lake.fence import OvertakenError
    from lead_platform.lake.gate import MissingSuiteError
    from lead_platform.lake.lake import GateFailedError, LakeFullError
    from lead_platform.lake.lock import WriterLockTimeoutError
    from lead_platform.lake.migration import MigrationFailedError, MigrationRefusedError
    from lead_platform.lake.postgres import DatabaseUnreachableError
    from lead_platform.lake.presence import LakeMissingError
    from lead_platform.lake.queries import QueryStoppedError
    from lead_platform.orchestration.status import AlreadyRunningError

    expected = (
        AlreadyRunningError,
        BackupError,
        CatalogCopyError,
        ConfigurationError,
        DatabaseUnreachableError,
        DbtFailedError,
        ExchangeFailedError,
        GateFailedError,
        LakeFullError,
        LakeMissingError,
        LakeUnreachableError,
        LookupError,
        MigrationFailedError,
        MigrationRefusedError,
        MissingSuiteError,
        OSError,
        OvertakenError,
        QueryStoppedError,
        SettingsError,
        ValueError,
        WriterLockTimeoutError,
        duckdb.Error,
    )
    try:
        yield
    except Exception as error:
        # A full disk and a database that is down surface in whatever is written first.
        told = _tell_failure(error) or (str(error) if isinstance(error, expected) else None)
        if told is None:
            raise
        complain(told)
        sys.exit(1)


def _tell_failure(error: Exception) -> str | None:
    from lead_platform.lake.failures import tell_failure

    try:
        return tell_failure(Settings(), error)
    except SettingsError:
        # They are what is wrong.
        return None


def print_rows(
    header: list[str], rows: Iterable[tuple], *, as_csv: bool = False, is_raw: bool = False
) -> None:
    """A table on a terminal, comma-separated values elsewhere.

    A cell a spreadsheet would take for a formula is disarmed, unless `is_raw`.
    """
    if as_csv or not console.is_terminal:
        # Shells and their tools take a carriage return for a part of the last value.
        writer = csv.writer(sys.stdout, lineterminator="\n")
        for row in chain([header], rows):
            writer.writerow(row if is_raw else [disarm(value) for value in row])
        return
    table = Table()
    for name in header:
        table.add_column(Text(name))
    shown = list(islice(rows, TERMINAL_ROWS + 1))
    for row in shown[:TERMINAL_ROWS]:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    console.print(table)
    if len(shown) > TERMINAL_ROWS:
        console.print(f"The first {TERMINAL_ROWS:,} rows; all of them: in a pipe or file.")


def disarm(value: object) -> object:
    """Text a spreadsheet would run as a formula, with a quote before it; anything else as it is.

    The characters are those OWASP lists for CSV injection, with their full-width forms. What is
    no more than a number, such as a phone in E.164, runs nothing and stays.
    """
    if isinstance(value, str) and value.startswith(_FORMULA) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*(e[+-]?[0-9]+)?", re.IGNORECASE)


@contextmanager
def keyboard() -> Iterator[Callable[[], str]]:
    """Gives what reads the next key: a character, or the sequence of an arrow.

    What was typed before counts for nothing, what is typed ahead from now on for all: the terminal
    is set once, not key by key. An interrupt stays one; EOFError where the terminal has gone.
    """
    source = sys.stdin.fileno()
    waiting: deque[str] = deque()

    def read_key() -> str:
        while not waiting:
            typed = os.read(source, 1024)
            if not typed:
                raise EOFError
            waiting.extend(_KEY.findall(typed.decode(errors="replace")))
        return waiting.popleft()

    before = termios.tcgetattr(source)
    tty.setcbreak(source, termios.TCSAFLUSH)
    # An interrupt would take away what is being shown just then: the question that follows it.
    keeping = termios.tcgetattr(source)
    keeping[3] |= termios.NOFLSH
    termios.tcsetattr(source, termios.TCSANOW, keeping)
    try:
        yield read_key
    finally:
        # Nothing to give back to a terminal that has gone.
        with suppress(termios.error):
            termios.tcsetattr(source, termios.TCSADRAIN, before)


_KEY = re.compile(r"\x1b[\[O].|.", re.DOTALL)
