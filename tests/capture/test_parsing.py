"""A file shares its run with others, never its fate, even where reading it ends the process."""

import os
from pathlib import Path

import pytest

from lead_platform.capture import deliveries
from lead_platform.capture.channels import load_channels
from tests.capture.conftest import PROJECT, RECEIVED_AT

DEAL = "outcome_id,type,occurred_at\no{0},closed_lost,2026-01-0{0}\n"


class Deadly(type(Path())):
    """The path of a file that no process survives: it ends as soon as it is told to read it."""

    def __reduce__(self) -> tuple:
        return os._exit, (137,)


def test_a_file_that_kills_its_process_costs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole run failed, and each one after it, for as long as the file lay there."""
    monkeypatch.setattr(deliveries, "PARALLEL_BYTES", 0)
    paths = [tmp_path / "1.csv", Deadly(tmp_path / "2.csv"), tmp_path / "3.csv"]
    for number, path in enumerate(paths, 1):
        path.write_text(DEAL.format(number))
    parsed, faults = deliveries.parse_deliveries(
        [(path, "crm_outcomes") for path in paths],
        load_channels(PROJECT / "config"),
        received_at=RECEIVED_AT,
        inbox=tmp_path / "inbox",
        spools=tmp_path,
    )
    assert [item.path for item in parsed] == [paths[0], paths[2]]
    assert [batch.record_count for item in parsed for batch in item.batches] == [1, 1]
    [fault] = faults
    assert fault.path == paths[1]
    assert "died" in fault.reason
