"""Leads with known truth: people generated for matching, and the demo world, channel by channel."""

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from lead_platform.capture.channels import load_channels
from lead_platform.capture.deliveries import parse_deliveries, take_in
from lead_platform.demo.files import tell_truth, write_world
from lead_platform.demo.normalized_people import generate_people
from lead_platform.demo.settings import WorldSettings
from lead_platform.demo.words import LINKEDIN_FORM_PATH
from lead_platform.demo.world import generate_world
from lead_platform.identity.engine.specification import load_specification
from lead_platform.identity.resolution import normalize_pending, write_normalized
from lead_platform.vocabularies.folder import load_vocabularies

ROOT = Path(__file__).resolve().parents[2]
SPECIFICATION = load_specification(ROOT / "config" / "identity.yaml")


@dataclass(frozen=True)
class Population:
    """`lake` has identity.normalized_submissions filled; `truth`: submission_id, match_record_id,
    person, one row per submission."""

    lake: duckdb.DuckDBPyConnection
    truth: pd.DataFrame


def generated_people(submissions: int, seed: int) -> Population:
    """People of lead_platform/demo/normalized_people.py: little in common, many namesakes."""
    people = generate_people(submissions, seed=seed, specification=SPECIFICATION)
    lake = empty_lake()
    lake.register("given", people.submissions)
    lake.execute("insert into identity.normalized_submissions by name from given")
    lake.unregister("given")
    return Population(lake, _with_records(lake, people.truth))


def demo_world(submissions: int, seed: int) -> Population:
    """The demo world, captured and normalised as the main job does it, channel by channel."""
    settings = WorldSettings(submissions=submissions, seed=seed)
    world = generate_world(settings)
    truth = tell_truth(world)["submissions"].dropna(subset=["person_id"])
    lake = empty_lake()
    received_at = settings.end_at.replace(tzinfo=None) + dt.timedelta(hours=1)
    with tempfile.TemporaryDirectory(prefix="lead-platform-bench-") as folder:
        home = Path(folder)
        shutil.copytree(ROOT / "config", home / "config")
        form = home / "config" / "channels" / "linkedin_forms" / "3162.json"
        form.parent.mkdir(exist_ok=True)
        shutil.copy(LINKEDIN_FORM_PATH, form)
        written = write_world(world, home)
        channels = set(truth["channel"])
        files = [(file.path, file.channel) for file in written if file.channel in channels]
        parsed, faults = parse_deliveries(
            files,
            load_channels(home / "config"),
            received_at=received_at,
            inbox=home / "inbox",
            spools=home,
        )
        if faults:
            raise SystemExit("\n".join(map(str, faults)))
        take_in(lake, parsed, run_id="benchmark")
        vocabularies = load_vocabularies(home / "config")
    write_normalized(lake, normalize_pending(lake, vocabularies).rows)
    known = lake.execute("select submission_id, channel, record_id from capture.submissions").df()
    named = known.merge(truth, on=["channel", "record_id"], validate="many_to_one")
    person = named[["submission_id", "person_id"]].set_axis(["submission_id", "person"], axis=1)
    return Population(lake, _with_records(lake, person))


POPULATIONS: dict[str, Callable[[int, int], Population]] = {
    "people": generated_people,
    "demo": demo_world,
}


def empty_lake() -> duckdb.DuckDBPyConnection:
    """The tables of capture, identity and governance, without rows."""
    lake = duckdb.connect()
    lake.execute("set enable_progress_bar = false")
    for layer in ("governance", "capture", "identity"):
        tables = (ROOT / "lead_platform" / layer / "tables.sql").read_text(encoding="utf-8")
        lake.execute(f"create schema {layer}; {tables}")
    return lake


def _with_records(lake: duckdb.DuckDBPyConnection, truth: pd.DataFrame) -> pd.DataFrame:
    records = lake.execute(
        "select submission_id, match_record_id from identity.normalized_submissions"
    ).df()
    return truth.merge(records, on="submission_id", validate="one_to_one")
