"""What the commands about a home leave, for the step that the documents tell next."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from lead_platform.capture.channels import usable_channels
from lead_platform.lake.backup import make_backup
from lead_platform.lake.lake import Lake
from lead_platform.settings import PROJECT_ROOT, Settings


def test_restored_home_has_a_folder_in_the_inbox_for_each_channel(
    lake: Lake, new_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """Files of the archive are to be copied there, and there was nowhere to copy them to."""
    make_backup(lake.settings, tmp_path / "backup", made_at=datetime(2026, 11, 1))
    there = new_settings("there")
    environment = {**os.environ, "LEAD_PLATFORM_HOME": str(there.home)}
    if there.database_url:
        environment["LEAD_PLATFORM_DATABASE_URL"] = there.database_url
    command = [sys.executable, "-m", "lead_platform.cli", "restore", str(tmp_path / "backup")]
    ended = subprocess.run(
        command, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    channels, _ = usable_channels(there.config_dir)
    assert channels
    assert {folder.name for folder in there.inbox.iterdir()} == set(channels)
