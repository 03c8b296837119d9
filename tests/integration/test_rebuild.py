"""Versions reach old rows: what a changed list made of what was taken in long ago, after it.

A run used to read anew, before it came to its own files, whatever an edited list had left empty;
and what a word had meant when it came, it meant for ever.
"""

import csv
import io
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lead_platform.lake.lake import Lake
from tests.integration.conftest import Install
from tests.integration.installation import (
    AS_OF,
    LEDGERS,
    PROJECT,
    Installation,
    Tables,
    differences,
    files_by_slice,
    make_world,
)
from tests.integration.test_slices import SAME_TABLES

# Fingerprints name the reading that made a row what it is: a fresh load has none.
FINGERPRINTS = ("lead_version", "members_version", "profile_version")
CPU_SECONDS_UNTIL_KILLED = (0.7, 1.6, 2.6)

# Both profiles are compared with one fresh load.
pytestmark = pytest.mark.xdist_group("test_rebuild")


@dataclass(frozen=True)
class Rebuilt:
    """An installation whose lists were edited, and what was seen at each stage of it."""

    installation: Installation
    new_run: dict[str, Any]
    before: Tables
    forecast: list[tuple[str, str, str, str]]
    after_forecast: Tables
    bands: dict[str, str]
    owners: dict[str, str]
    members: dict[str, str]
    told: str


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[list[tuple[Path, str]]]:
    """A world's files: what was there long ago, and what comes new."""
    folder = tmp_path_factory.mktemp("world")
    make_world(
        folder, slices=2, seed=11, submissions=90, events_per_person=2.0, duplicate_rate=0.45
    )
    return files_by_slice(folder)


@pytest.fixture(scope="module")
def rebuilt(
    install: Install,
    files: list[list[tuple[Path, str]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Rebuilt:
    """Old files, edited lists, new files, a forecast, killed runs, a rebuild."""
    config = tmp_path_factory.mktemp("config") / "config"
    shutil.copytree(PROJECT / "config", config)
    installation = install("rebuilt", config_dir=config)
    old, new = files
    installation.run(files=old)
    _edit(config, installation)
    new_run = installation.run(files=new)
    before = _all_but_ledgers(installation)
    told = installation.command("rebuild", "--dry-run", "--as-of", AS_OF.isoformat())
    assert told.exit_code == 0, told.err
    rows = list(csv.reader(io.StringIO(told.out)))
    seen = Rebuilt(
        installation,
        new_run,
        before,
        [(row[0], row[1], row[2], row[3]) for row in rows[1:]],
        _all_but_ledgers(installation),
        _by_lead(installation, "scoring.lead_scores", "band"),
        _by_lead(installation, "routing.assignments", "coalesce(owner_rep_id, queue)"),
        dict(installation.query("select submission_id, lead_id from identity.lead_members")),
        told.err,
    )
    for seconds in CPU_SECONDS_UNTIL_KILLED:
        installation.start_run(job="catch_up").kill_after(seconds)
    done = installation.command("rebuild", "--as-of", AS_OF.isoformat())
    assert done.exit_code == 0, done.out + done.err
    return seen


@pytest.fixture(scope="module")
def fresh(
    embedded_install: Install, files: list[list[tuple[Path, str]]]
) -> Callable[[Path], Installation]:
    """The life that knows nothing but these lists, the same on either profile: loaded once."""
    loaded: dict[tuple[str, ...], Installation] = {}

    def load(config: Path) -> Installation:
        lists = sorted((config / "vocabularies").glob("*.csv"))
        key = tuple(path.read_text(encoding="utf-8") for path in lists)
        if key not in loaded:
            loaded[key] = embedded_install("fresh", config_dir=config)
            for part in files:
                loaded[key].run(files=part)
        return loaded[key]

    return load


@pytest.mark.timeout(1_800)
def test_a_new_file_touches_no_old_row(rebuilt: Rebuilt) -> None:
    run_id = rebuilt.new_run["run_id"]
    releases = rebuilt.installation.query(
        f"select tables from governance.releases where run_id = '{run_id}'"
    )
    inserted: Counter[str] = Counter()
    removed: Counter[str] = Counter()
    for (told,) in releases:
        for table, counts in json.loads(told).items():
            inserted[table] += counts["inserted"]
            removed[table] += counts["removed"]
    read = ("capture.submissions", "capture.events", "capture.outcomes")
    for table in (*read, "identity.normalized_submissions", "enrichment.enrichment_results"):
        assert inserted[table], f"{table}: a run that brings nothing proves nothing"
    for table in (*read, "identity.normalized_submissions"):
        assert removed[table] == 0, table
    assert inserted["identity.normalized_submissions"] <= inserted["capture.submissions"]
    asked = "select count(distinct provider_version) from enrichment.enrichment_results"
    versions = rebuilt.installation.query(asked, _snapshot(rebuilt))
    assert versions[0][0] > 4, "old answers are of the versions they were"


def test_a_forecast_publishes_nothing(rebuilt: Rebuilt) -> None:
    assert differences(rebuilt.before, rebuilt.after_forecast) == {}
    assert "Nothing was published" in rebuilt.told
    whats = {what for what, *_ in rebuilt.forecast}
    assert "gone" in whats, "a world that proves nothing"
    assert whats & {"merges", "splits"}, "a world that proves nothing"


def test_what_was_forecast_came_about(rebuilt: Rebuilt) -> None:
    installation = rebuilt.installation
    members = dict(installation.query("select submission_id, lead_id from identity.lead_members"))
    bands = _by_lead(installation, "scoring.lead_scores", "band")
    owners = _by_lead(installation, "routing.assignments", "coalesce(owner_rep_id, queue)")
    told = {what: set() for what in ("merges", "splits", "moves", "appears", "gone")}
    for what, _, before, after in rebuilt.forecast:
        if what in told:
            told[what].add((before, after))
    moved = {
        (lead, members[submission])
        for submission, lead in rebuilt.members.items()
        if submission in members and members[submission] != lead
    }
    assert told["merges"] | told["splits"] | told["moves"] == moved
    lived, living = set(rebuilt.members.values()), set(members.values())
    assert {before for before, _ in told["merges"]} == {one for one, _ in moved} - living
    assert {after for _, after in told["splits"]} == {one for _, one in moved} - lived
    assert {before for before, _ in told["gone"]} == lived - living - {one for one, _ in moved}
    for what, was, is_now in (("band", rebuilt.bands, bands), ("owner", rebuilt.owners, owners)):
        changed = {
            (lead, was[lead], is_now[lead])
            for lead in was.keys() & is_now.keys()
            if was[lead] != is_now[lead]
        }
        assert {one[1:] for one in rebuilt.forecast if one[0] == what} == changed, what


def test_a_rebuild_ends_as_a_fresh_load(
    rebuilt: Rebuilt, fresh: Callable[[Path], Installation]
) -> None:
    """Killed at several moments before."""
    expected = _same_tables(fresh(rebuilt.installation.settings.config_dir))
    assert differences(expected, _same_tables(rebuilt.installation)) == {}


def test_twice_is_once(rebuilt: Rebuilt) -> None:
    before = rebuilt.installation.tables()
    again = rebuilt.installation.command("rebuild")
    assert (again.exit_code, "Nothing is behind" in again.out) == (0, True), again.err
    assert differences(before, rebuilt.installation.tables()) == {}


def test_each_change_is_in_the_audit_log(rebuilt: Rebuilt) -> None:
    actions = dict(
        rebuilt.installation.query(
            "select action, count(*) from governance.audit_log "
            "where actor = 'system' and reason like 'config/vocabularies/%' group by all"
        )
    )
    assert actions.keys() == {"read_anew", "mark_no_person"}
    junk = "select count(*) from capture.submissions where kind_reason = 'a competitor'"
    assert actions["mark_no_person"] <= rebuilt.installation.scalar(junk)


def test_its_switch_stops_it(rebuilt: Rebuilt) -> None:
    installation = rebuilt.installation
    path = installation.settings.config_dir / "vocabularies" / "pages.csv"
    kept = path.read_text(encoding="utf-8")
    off = installation.command("workflows", "disable", "catch_up", "--by", "Dana", "--reason", "no")
    assert off.exit_code == 0, off.err
    path.write_text(kept.replace("*/docs*,docs", "*/docs*,blog"), encoding="utf-8")
    try:
        before = _all_but_ledgers(installation)
        stopped = installation.command("rebuild")
        assert stopped.exit_code == 1
        assert "catch_up is switched off by Dana" in " ".join(stopped.err.split())
        installation.run(job="catch_up")
        after = _all_but_ledgers(installation)
        for table in ("capture.submissions", "identity.normalized_submissions"):
            assert after[table] == before[table]
    finally:
        installation.command("workflows", "enable", "catch_up", "--by", "Dana", "--reason", "go on")
        path.write_text(kept, encoding="utf-8")


def _edit(config: Path, installation: Installation) -> None:
    """Words of other meaning, one more and one less, in lists that each layer reads."""
    folder = config / "vocabularies"

    def query(column: str, table: str, condition: str = "true") -> str:
        return str(
            installation.scalar(
                f"select {column} from {table} where {column} is not null and {condition} "
                f"group by all order by count(*) desc, 1 limit 1"
            )
        )

    def append(name: str, row: str) -> None:
        with (folder / name).open("a", encoding="utf-8") as listed:
            csv.writer(listed, lineterminator="\n").writerow(row.split("|"))

    forms = "identity.normalized_submissions"
    domain = query("email_domain", forms, "not is_free_email and not is_disposable_email")
    append("free_mail_domains.csv", domain)
    name = query("last_name", forms, "length(last_name) > 4").lower()
    append("non_persons.csv", f"text|*{name}*|junk|a competitor")
    append("blanks.csv", query("campaign", "capture.submissions"))
    append("blanks.csv", query("city", "capture.submissions"))
    # Mailboxes by which several records are one person tell nobody any more.
    shared = f"""
        select distinct split_part(any_value(email), '@', 1) from {forms}
        join identity.lead_members using (submission_id)
        group by lead_id
        having count(distinct {forms.split(".")[1]}.match_record_id) > 1 and count(email) = count(*)
            and count(distinct email) = 1
        order by 1 limit 12
    """
    for (mailbox,) in installation.query(shared):
        append("role_mailboxes.csv", mailbox)
    for listed, old, new in (
        ("industries.csv", "\nsoftware,software\n", "\nsoftware,media\n"),
        ("pages.csv", "*/pricing*,pricing", "*/pricing*,blog"),
        ("seniorities.csv", ",c_level\n", ",intern\n"),
        ("seniorities.csv", ",vp\n", ",individual\n"),
        ("purchase_timeframes.csv", ",now\n", ",later\n"),
    ):
        text = (folder / listed).read_text(encoding="utf-8")
        assert old in text
        (folder / listed).write_text(text.replace(old, new), encoding="utf-8")


def _all_but_ledgers(installation: Installation) -> Tables:
    return {name: rows for name, rows in installation.tables().items() if name not in LEDGERS}


def _by_lead(installation: Installation, table: str, value: str) -> dict[str, str]:
    return dict(installation.query(f"select lead_id, {value} from {table}"))


def _snapshot(rebuilt: Rebuilt) -> int:
    """That of the last release of the run that took the new file in."""
    return int(
        rebuilt.installation.scalar(
            "select max(snapshot_id) from governance.releases "
            f"where run_id = '{rebuilt.new_run['run_id']}'"
        )
    )


def _same_tables(installation: Installation) -> Tables:
    """What a lead is, but for the readings that made it so."""
    with Lake(installation.settings).read() as connection:
        return {
            table: Counter(
                str(row)
                for row in connection.execute(
                    "select columns(name -> not ends_with(name, 'reading') "
                    f"and name not in {FINGERPRINTS}) from {table}"
                ).fetchall()
            )
            for table in SAME_TABLES
        }
