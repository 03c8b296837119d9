"""Exports of many vendors and languages: what a person would map is proposed, and nobody else's
mailbox, number or name ever is."""

import csv
from datetime import datetime
from pathlib import Path

import pytest

from lead_platform.capture.channels import Channel, load_channels
from lead_platform.capture.contracts import load_contracts
from lead_platform.capture.guessing.names import load_field_names
from lead_platform.capture.guessing.proposal import Proposal, propose_channel
from lead_platform.capture.tabular.rules import TableRule
from lead_platform.vocabularies.folder import load_intake_lists, load_vocabularies
from lead_platform.vocabularies.tables import IntakeLists
from tests.capture.conftest import PROJECT
from tests.capture.guessing.exports import EXPORTS, Columns

CONFIG = PROJECT / "config"
CHANNELS = load_channels(CONFIG)
NAMES = load_field_names(CONFIG)
NOW = datetime(2026, 11, 27, 12)
IDENTITY = frozenset({"email", "phone", "person_id", "full_name", "first_name", "last_name"})


def proposed(
    path: Path,
    name: str = "guessed",
    *,
    lists: IntakeLists | None = None,
    channels: dict[str, Channel] = CHANNELS,
    table: TableRule | None = None,
) -> Proposal:
    return propose_channel(
        path,
        name,
        channels=channels,
        names=NAMES,
        vocabularies=load_vocabularies(CONFIG),
        lists=lists or load_intake_lists(CONFIG),
        contracts=load_contracts(),
        now=NOW,
        table=table,
    )


def write_export(path: Path, columns: Columns) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([header for header, *_ in columns])
        writer.writerows(zip(*[values for _, _, *values in columns], strict=True))
    return path


def wanted_fields(columns: Columns) -> dict[str, set[str]]:
    wanted: dict[str, set[str]] = {}
    for header, fields, *_ in columns:
        for field in (fields or "").split("+"):
            if field:
                wanted.setdefault(field, set()).add(header)
    return wanted


@pytest.mark.parametrize("name", EXPORTS)
def test_exports(tmp_path: Path, name: str) -> None:
    columns = EXPORTS[name]
    proposal = proposed(write_export(tmp_path / "export.csv", columns))
    assert proposal.draft is not None, proposal.fault
    found = {field: set(names) for field, names in proposal.draft.fields.items()}
    wanted = wanted_fields(columns)
    wrong = {f: found[f] - wanted.get(f, set()) for f in IDENTITY & set(found)}
    assert {field: names for field, names in wrong.items() if names} == {}
    missed = {field for field in wanted if not found.get(field, set()) & wanted[field]}
    assert missed == set()
    assert proposal.preview is not None
    assert proposal.preview.rejections == ()
