"""Switches in backups, and what a restore makes of them: it releases no brake.

A home's switches stay in their place when it is restored, for people throw them meanwhile as well.
What is off in the backup is off then as well.
"""

from pathlib import Path

from lead_platform.lake.switches import Switches, newest, open_switches
from lead_platform.settings import Settings


def switch_files(home: Path) -> frozenset[Path]:
    """Where a home has its switches on the embedded profile, and a backup on either."""
    return frozenset(home / f"switches.{ending}" for ending in ("sqlite", "json", "sqlite.lock"))


def copy_switches(settings: Settings, home: Path) -> None:
    """Write all the home's switches down in another one, which has none yet."""
    history = open_switches(settings).history()
    if history:
        _in_file(settings, home).append(history)


def add_brakes(settings: Settings, home: Path) -> None:
    """Switch off in a home what is off in another one, a backup's.

    Where this one's history goes on from the other's, all of it was decided anew since. Nothing is
    ever switched on, so that whoever throws a switch meanwhile is not overruled.
    """
    switches = open_switches(settings)
    history, kept = switches.history(), _in_file(settings, home.resolve()).history()
    if history[: len(kept)] == kept:
        return
    known = newest(history)
    brakes = [
        switch
        for workflow, switch in newest(kept).items()
        if not switch.is_enabled and (workflow not in known or known[workflow].is_enabled)
    ]
    if brakes:
        switches.append(brakes)


def _in_file(settings: Settings, home: Path) -> Switches:
    return open_switches(settings.model_copy(update={"home": home, "database_url": None}))
