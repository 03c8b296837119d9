"""The command that makes anew at once what was made with other lists or providers than today's."""

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from lead_platform.cli.terminal import (
    AsOf,
    complain,
    console,
    parse_option,
    print_rows,
    run_visibly,
)
from lead_platform.settings import Settings

if TYPE_CHECKING:
    from lead_platform.governance.backlog import Backlog

SLICE_ROWS = 20_000


def rebuild(
    rows: Annotated[
        int, typer.Option(min=1, help="How many rows of each kind one release makes anew.")
    ] = SLICE_ROWS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would become of leads.")
    ] = False,
    as_of: AsOf = None,
) -> None:
    """Read anew at once what was read with other vocabularies or providers; leads follow.

    In slices, each a run of the job `catch_up`, which does the same hour by hour. Stopped, the same
    command completes it. Undo it: put the files of config/ back as they were and rebuild again.
    """
    at = parse_option("--as-of", as_of)
    if dry_run:
        _tell_forecast(Settings(), at)
    else:
        catch_up(Settings(), rows, at)


def catch_up(settings: Settings, rows: int, as_of: datetime | None) -> None:
    """Run the job slice by slice until nothing is behind. Exits with 1 where a slice leaves as much
    behind as it found, or its switch is off."""
    from lead_platform.lake.lake import Lake
    from lead_platform.lake.specs import CATCH_UP
    from lead_platform.lake.switches import switches_of

    lake = Lake(settings)
    behind = _count(settings, as_of)
    if not behind.total:
        console.print("Nothing is behind: all was made with the configuration as it is.")
        return
    while behind.total:
        console.print(f"Behind: {behind.describe()}.", highlight=False, soft_wrap=True)
        if reason := switches_of(lake).read(CATCH_UP).off_because:
            complain(f"{reason}. Once it is on again, lead-platform rebuild completes it.")
            raise typer.Exit(1)
        run_visibly(settings, CATCH_UP, {}, as_of, rows=rows)
        before, behind = behind, _count(settings, as_of)
        if behind.total >= before.total:
            complain(
                f"Still behind: {behind.describe()}. What is set aside, or a workflow that is "
                "switched off, keeps it so. See: lead-platform quarantine list, "
                "lead-platform workflows list"
            )
            raise typer.Exit(1)
    console.print("Nothing is behind any more.")


def _count(settings: Settings, as_of: datetime | None) -> "Backlog":
    from lead_platform.governance.backlog import count_backlog
    from lead_platform.lake.lake import Lake, utc_now

    with Lake(settings).read() as connection:
        return count_backlog(connection, settings, as_of or utc_now())


def _tell_forecast(settings: Settings, as_of: datetime | None) -> None:
    from lead_platform.governance.forecast import forecast
    from lead_platform.lake.lake import Lake, utc_now

    complain(f"Behind: {_count(settings, as_of).describe()}.")
    found = forecast(Lake(settings), as_of=as_of or utc_now())
    print_rows(
        ["what", "lead", "before", "after"],
        [(one.what, one.lead_id, one.before, one.after) for one in found],
    )
    counts = Counter(one.what for one in found)
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    complain(f"Would change: {told or 'nothing'}. Nothing was published.")
