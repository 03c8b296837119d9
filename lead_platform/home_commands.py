"""Commands about the home itself: bring it to this version."""

from typing import Annotated

import typer

from lead_platform.settings import Settings
from lead_platform.terminal import console


def upgrade(
    check: Annotated[
        bool, typer.Option("--check", help="Only say what would happen; exits with 3 if anything.")
    ] = False,
) -> None:
    """Bring this home's tables to this version; whatever opens the lake does the same."""
    from lead_platform.lake.lake import Lake
    from lead_platform.lake.migration import MigrationRefusedError

    lake = Lake(Settings())
    plan = lake.pending_migration()
    if plan.faults:
        raise MigrationRefusedError(plan.faults)
    if plan.is_empty:
        console.print("There is no lake here yet." if plan.is_new_home else "Nothing to upgrade.")
        return
    for line in plan.lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if check:
        console.print("Nothing was changed. Take a backup first: lead-platform backup TARGET")
        raise typer.Exit(3)
    console.print(f"Done: the published snapshot is {lake.published().snapshot_id}.")
