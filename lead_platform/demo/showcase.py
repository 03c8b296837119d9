"""The demo command's preparation: the generated world, laid into the inbox of this home."""

import shutil
from collections.abc import Callable
from datetime import datetime

from lead_platform.demo.files import write_world
from lead_platform.demo.settings import WorldSettings
from lead_platform.demo.world import generate_world
from lead_platform.settings import Settings


def prepare_showcase(
    settings: Settings, *, submissions: int, seed: int, say: Callable[[str], None]
) -> datetime:
    """Generate the world, its files into the inbox, its truth beside; the last instant of it."""
    settings.prepare_home()
    world_settings = WorldSettings(seed=seed, submissions=submissions)
    say(f"Generating a world of {submissions:,} submissions over {world_settings.days} days …")
    folder = settings.home / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    write_world(generate_world(world_settings), folder)
    for file in (folder / "inbox").rglob("*"):
        if file.is_file():
            target = settings.inbox / file.relative_to(folder / "inbox")
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)
    for file in (folder / "reference").iterdir():
        file.replace(settings.reference / file.name)
    say(f"Its truth (who is who, what drives winning): {folder / 'truth'}")
    return world_settings.end_at
