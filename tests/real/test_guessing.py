"""Channels proposed for real exports, against what a person would map (guess_truth.json).

The truth of a file: field to the columns that are right; a channel's name, where that channel fits
as it is; null, where rows are no leads and nothing may be proposed.
"""

import json
import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from lead_platform.capture.channels import Channel, load_channels
from lead_platform.capture.contracts import load_contracts
from lead_platform.capture.guessing.names import load_field_names
from lead_platform.capture.guessing.proposal import Proposal, propose_channel
from lead_platform.vocabularies.folder import load_intake_lists, load_vocabularies

PROJECT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LEAD_PLATFORM_SHARED_DATA", PROJECT.parent / "shared" / "data"))
TRUTH = json.loads((Path(__file__).parent / "guess_truth.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 27, 12)
IDENTITY = frozenset({"email", "phone", "person_id", "full_name", "first_name", "last_name"})
# Measured when this was written: 98 % of the fields, none of the identity fields wrong.
LEAST_SHARE = 0.95

pytestmark = [
    pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real data at {SHARED}"),
    # All read the same proposals.
    pytest.mark.xdist_group("test_guessing"),
]


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Channel]:
    """The shipped channels, with the sample's LinkedIn form definition dropped in."""
    config = tmp_path_factory.mktemp("home") / "config"
    shutil.copytree(PROJECT / "config" / "channels", config / "channels")
    form = SHARED / "capture_payloads" / "linkedin_lead_gen" / "lead_form.json"
    shutil.copyfile(form, config / "channels" / "linkedin_forms" / "3162.json")
    return load_channels(config)


@pytest.fixture(scope="module")
def proposals(channels: dict[str, Channel]) -> dict[str, Proposal]:
    names = load_field_names(PROJECT / "config")
    vocabularies = load_vocabularies(PROJECT / "config")
    lists = load_intake_lists(PROJECT / "config")
    return {
        file: propose_channel(
            SHARED / file,
            "guessed",
            channels=channels,
            names=names,
            vocabularies=vocabularies,
            lists=lists,
            contracts=load_contracts(),
            now=NOW,
        )
        for file in TRUTH
    }


def test_what_a_person_would_map_is_proposed(proposals: dict[str, Proposal]) -> None:
    right, wanted, missed = 0, 0, []
    for file, truth in TRUTH.items():
        if not isinstance(truth, dict):
            continue
        draft = proposals[file].draft
        found = draft.fields if draft is not None else {}
        for field, columns in truth.items():
            wanted += 1
            is_right = bool(set(found.get(field, ())) & set(columns))
            right += is_right
            missed += [] if is_right else [f"{file}: {field}"]
    print(f"{right} of {wanted} fields, {right / wanted:.1%}; missed: {missed}")
    assert right >= LEAST_SHARE * wanted, missed


def test_no_identity_field_is_wrong(proposals: dict[str, Proposal]) -> None:
    wrong = []
    for file, truth in TRUTH.items():
        draft = proposals[file].draft
        if draft is None or not isinstance(truth, dict):
            continue
        for field in IDENTITY & set(draft.fields):
            first = draft.fields[field][0]
            if first not in truth.get(field, []) and field in truth:
                wrong.append(f"{file}: {field} from {first}")
            if field not in truth:
                wrong.append(f"{file}: {field} from {first}, where a person maps none")
    assert not wrong, wrong


def test_nothing_is_proposed_where_rows_are_no_leads(proposals: dict[str, Proposal]) -> None:
    told = {file: proposals[file].fault for file, truth in TRUTH.items() if truth is None}
    assert [file for file, fault in told.items() if fault is None] == []


def test_a_channel_that_fits_is_named(proposals: dict[str, Proposal]) -> None:
    for file, truth in TRUTH.items():
        if isinstance(truth, str):
            nearest = proposals[file].nearest
            assert nearest is not None
            assert (nearest.channel, nearest.fits) == (truth, True), file
