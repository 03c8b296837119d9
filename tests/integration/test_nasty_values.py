"""Values nobody foresaw, in every field of every channel: the run is green, and each record is a
lead's or set aside with its reason.

Intake by itself is tried with many more of them in tests/capture/test_contracts.py.
"""

import json
from pathlib import Path
from random import Random

import pytest

from tests.capture.nasty import CHANNELS, as_lines, nasty_records, ordinary_records
from tests.integration.conftest import Install
from tests.integration.installation import Installation

# What a batch leaves behind for the next is the same wherever it lies.
SEEDS = {"embedded": (3, 71), "server": (71,)}
RECORDS = 25


@pytest.fixture(scope="module")
def fed(install: Install, profile: str, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation after its batches, each with every channel's nasty and ordinary records."""
    folder = tmp_path_factory.mktemp("nasty")
    installation = install("nasty")
    for seed in SEEDS[profile]:
        random = Random(seed)
        files = []
        for channel in sorted(CHANNELS):
            path = folder / f"{channel}-{seed}.jsonl"
            records = nasty_records(channel, random, RECORDS) + ordinary_records()[channel][:3]
            path.write_text(as_lines(records), encoding="utf-8", errors="surrogatepass")
            files.append((path, channel))
        installation.run(files=files)
    return installation


def test_each_record_is_a_leads_or_set_aside_with_its_reason(fed: Installation) -> None:
    lost = fed.query(
        """
        select submission_id from capture.submissions
        anti join identity.lead_members using (submission_id)
        anti join (
            from governance.quarantine where state = 'held'
        ) as held on submission_id = held.subject_id
        """
    )
    assert lost == []
    unsaid = fed.query(
        "select rejected_id from capture.rejected_records where json_array_length(reasons) = 0"
    )
    assert unsaid == []
    [(records, told)] = fed.query(
        "select sum(records), sum(taken + repeats + rejected) from capture.deliveries"
    )
    assert records == told
    assert records >= len(CHANNELS) * RECORDS


def test_each_lead_goes_somewhere(fed: Installation) -> None:
    """With a score, or waiting for a person with the reason."""
    lost = fed.query(
        """
        select lead_id from identity.lead_versions
        anti join routing.assignments using (lead_id)
        anti join (
            from governance.quarantine where state = 'held'
        ) as held on lead_id = held.subject_id
        """
    )
    assert lost == []
    assert fed.query("select check_name from governance.data_quality where not passed") == []


def test_no_code_broke_on_them(fed: Installation) -> None:
    """What a record breaks is a fault of this program, even if it costs that record only."""
    broken = fed.query(
        "select step, arguments from governance.quarantine where expectation = 'expect_no_error'"
    )
    assert [(step, json.loads(arguments)) for step, arguments in broken] == []


def test_the_channels_are_all_there() -> None:
    shipped = Path(__file__).resolve().parents[2] / "config" / "channels"
    assert set(CHANNELS) == {path.stem for path in shipped.glob("*.yaml")}
