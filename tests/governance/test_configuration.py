"""Whatever file of the configuration breaks, its light turns on, and off once it is mended."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from dagster import DagsterInstance, build_sensor_context

from lead_platform.governance import sensors
from lead_platform.governance.configuration import faulty_files
from lead_platform.governance.notifications import open_book
from lead_platform.orchestration.status import check_up, only_one, write_status, written_now
from lead_platform.processes import ProcessId
from lead_platform.settings import PROJECT_ROOT, Settings

CONFIG = PROJECT_ROOT / "config"
FILES = sorted(
    str(path.relative_to(PROJECT_ROOT))
    for path in [*CONFIG.rglob("*.yaml"), *CONFIG.rglob("*.csv")]
)
SUITE = "expectations/identity/leads.json"
CHANNEL = "config/channels/web_form.yaml"


@pytest.fixture
def own(new_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    """A home with configuration and suites of its own."""
    for name in ("config", "expectations"):
        shutil.copytree(PROJECT_ROOT / name, tmp_path / name)
    return new_settings(
        "home", config_dir=tmp_path / "config", expectations_dir=tmp_path / "expectations"
    )


@pytest.mark.parametrize("name", [*FILES, SUITE])
def test_a_file_that_cannot_be_read_is_named_and_not_quoted(
    own: Settings, tmp_path: Path, name: str
) -> None:
    assert faulty_files(own) == {}
    (tmp_path / name).write_text('"jane.doe@example.org": [\n', encoding="utf-8")
    found = faulty_files(own)
    assert name in found
    assert "jane" not in str(found)


def test_a_broken_channel_turns_every_light_on_until_it_is_mended(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of the channel waited for half an hour before anybody was told."""
    for name in ("home", "config_dir", "expectations_dir"):
        monkeypatch.setenv(f"LEAD_PLATFORM_{name.upper()}", str(getattr(own, name)))
    monkeypatch.setenv("LEAD_PLATFORM_ALERT_MINUTES", "0")
    own.prepare_home()
    channel = tmp_path / CHANNEL
    whole = channel.read_text(encoding="utf-8")
    channel.write_text(whole.replace("format: jsonl", "format: jsonlines"), encoding="utf-8")

    def look() -> list[tuple[str, str]]:
        with (
            DagsterInstance.local_temp(str(own.dagster_home)) as instance,
            build_sensor_context(instance) as context,
        ):
            sensors.alerts(context)
        told = (alert for alert in open_book(own).alerts() if alert.state == "open")
        return [(alert.kind, alert.subject) for alert in told]

    assert look() == [("configuration_broken", CHANNEL)]
    line = 1 + whole[: whole.index("format: jsonl")].count("\n")
    told = f"{CHANNEL}: 1 fault, the first in line {line}"
    assert told in (own.alerts / "alerts.log").read_text(encoding="utf-8")
    with only_one(own):
        write_status(own, written_now(ProcessId.of(os.getpid()), 1, tmp_path, []))
        assert f"broken    {told}" in check_up(own).lines
        channel.write_text(whole, encoding="utf-8")
        assert look() == []
        assert not any("web_form" in line for line in check_up(own).lines)
