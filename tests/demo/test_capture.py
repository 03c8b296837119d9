"""The shipped channels take in what the world writes: all good records, and no bad one."""

import datetime
import shutil
from pathlib import Path

import pandas as pd
import pytest

from lead_platform.capture.channels import Channel, load_channels
from lead_platform.capture.mapping import RecordMapper
from lead_platform.capture.readers import RawRecord
from lead_platform.capture.readers import read_records as read_raw_records
from lead_platform.demo.words import LINKEDIN_FORM_PATH
from tests.demo.conftest import WrittenWorld
from tests.demo.test_files import OWN_IDS

CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Channel]:
    config = tmp_path_factory.mktemp("config")
    shutil.copytree(CONFIG / "channels", config / "channels")
    form = config / "channels" / "linkedin_forms" / "3162.json"
    form.parent.mkdir(exist_ok=True)
    shutil.copy(LINKEDIN_FORM_PATH, form)
    return load_channels(config)


@pytest.mark.parametrize("channel", sorted(OWN_IDS))
def test_good_records_are_taken_and_bad_ones_rejected(
    written: WrittenWorld, channels: dict[str, Channel], channel: str
) -> None:
    received_at = written.world.settings.end_at.replace(tzinfo=None) + datetime.timedelta(hours=1)
    mapper = RecordMapper(channels[channel], received_at)
    is_good: dict[str, bool] = {}
    reasons: dict[str, list[str]] = {}
    for path in sorted((written.folder / "inbox" / channel).iterdir()):
        for record in read_raw_records(path, channels[channel].rules):
            assert isinstance(record, RawRecord)
            mapped = mapper.map_record(record.content, record.number)
            is_good[str(mapped.record_id)] = not mapped.reasons
            reasons[str(mapped.record_id)] = mapped.reasons
    name, key = {
        "web_events": ("events", "event_id"),
        "crm_outcomes": ("outcomes", "outcome_id"),
    }.get(channel, ("submissions", "record_id"))
    truth = written.read_truth(name)
    if name == "submissions":
        truth = truth[truth["channel"] == channel]
    expected: pd.Series = truth.set_index(key)["defect"].isna()
    wrong = {
        record_id: reasons.get(record_id)
        for record_id, good in expected.items()
        if is_good.get(str(record_id)) != good
    }
    assert not wrong, list(wrong.items())[:3]
    assert len(is_good) == len(expected)
