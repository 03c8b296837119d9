"""Commands about the home itself: bring it to this version, back it up, restore it."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from lead_platform.cli.terminal import complain, console
from lead_platform.settings import Settings


def prepare_folders(settings: Settings) -> None:
    """The home's, and one in the inbox for each channel there is."""
    from lead_platform.capture.channels import usable_channels
    from lead_platform.capture.inbox import make_folders

    settings.prepare_home()
    channels, _ = usable_channels(settings.config_dir)
    make_folders(settings.inbox, channels)


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
    _require_files(lake.settings)
    if not check:
        # Closes a home that an earlier version left open to others.
        lake.settings.prepare_home()
    if plan.is_empty:
        console.print("There is no lake here yet." if plan.is_new_home else "Nothing to upgrade.")
        return
    warnings = [f"WARNING {warning}" for warning in lake.migration_warnings(plan)]
    for line in [*plan.lines, *warnings]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if check:
        console.print("Nothing was changed. Take a backup first: lead-platform backup TARGET")
        raise typer.Exit(3)
    console.print(f"Done: the published snapshot is {lake.published().snapshot_id}.")


def _require_files(settings: Settings) -> None:
    """Raise FileNotFoundError where the catalog names files that are not there."""
    from lead_platform.lake.backup import missing_files
    from lead_platform.lake.presence import has_catalog

    if "://" in settings.lake_data_path or not has_catalog(settings):
        return
    if missing := missing_files(settings):
        raise FileNotFoundError(
            f"{len(missing)} files the catalog names are not whole in {settings.lake_data_path}, "
            f"such as {missing[0]}: catalog and files are not of one time. Give both back with "
            "`lead-platform restore BACKUP --replace`."
        )


def backup(
    target: Annotated[Path, typer.Argument(help="A folder that is not there yet.")],
) -> None:
    """Back this home up while it is at work: lake, inbox, archive, models, reference tables."""
    from lead_platform.capture.names import shown
    from lead_platform.lake.backup import make_backup
    from lead_platform.lake.lake import utc_now

    made = make_backup(Settings(), target, made_at=utc_now())
    for place, why in made.left_out.items():
        complain(f"Left out: {shown(place)}: {why}")
    console.print(
        f"{len(made.checksums)} files, {sum(made.rows.values()):,} rows at snapshot "
        f"{made.snapshot_id}. Restore with: lead-platform restore {shlex.quote(str(target))}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def restore(
    source: Annotated[Path, typer.Argument(help="A folder `lead-platform backup` made.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Set aside what the home holds; stop its use first.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only check that the backup is whole.")
    ] = False,
) -> None:
    """Make the home of the settings from a backup."""
    from lead_platform.lake.backup import restore_backup, verify_backup
    from lead_platform.lake.lake import utc_now

    if check:
        found = verify_backup(source)
        console.print(f"Whole: made {found.made_at}, snapshot {found.snapshot_id}.")
        return
    settings = Settings()
    restored, aside = restore_backup(settings, source, is_replacing=replace, restored_at=utc_now())
    # A backup holds no empty folders, and files of the archive are to be copied there.
    prepare_folders(settings)
    if aside:
        places = " and ".join(aside)
        told = f"What was there lies in {places} now."
        console.print(told, markup=False, highlight=False, soft_wrap=True)
    console.print(f"Restored as of snapshot {restored.snapshot_id}, made {restored.made_at}.")
