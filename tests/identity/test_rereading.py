"""What was read with an older list or mapping is read again, and its lead comes right.

Once a value was left empty because a list did not know the word, or a channel read the wrong
column, it stayed so for ever: adding the word, or correcting the channel, changed nothing of what
had been taken in.
"""

import datetime as dt
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lead_platform.capture.channels import load_channels
from lead_platform.capture.contracts import load_contracts
from lead_platform.capture.intake import identify_delivery, parse_file, write_batches
from lead_platform.capture.remapping import preview_remap, remap
from lead_platform.capture.rereading import STEP, note_lists, reread_items
from lead_platform.capture.rereading import count_behind as captured_behind
from lead_platform.identity.leads.attribution import count_behind as attributed_behind
from lead_platform.identity.resolution import count_behind as forms_behind
from lead_platform.identity.resolution import (
    normalize_anew,
    normalize_pending,
    resolve,
    withdraw_non_persons,
    write_normalized,
)
from lead_platform.identity.withdrawal import withdraw_submissions
from lead_platform.lake.brake import Brake, WorkflowStoppedError
from lead_platform.lake.lake import Lake
from lead_platform.lake.readings import Reading
from lead_platform.lake.switches import Switch, switches_of
from lead_platform.settings import PROJECT_ROOT, Settings
from lead_platform.vocabularies.folder import load_intake_lists, load_vocabularies
from lead_platform.vocabularies.tables import IntakeLists

AT = dt.datetime(2026, 11, 22, 12)
CONTACTS = """
name: contacts
description: One person per row.
format: csv
record_id: id
source_system: test
emits:
  - kind: submission
    fields:
      submitted_at: {path: at, default: received_at}
      full_name: name
      email: email
      company_name: company
      country: country
      industry: industry
      consent_email: consent
  - kind: event
    when: page
    fields:
      event_type: {constant: page_view}
      occurred_at: {path: at, default: received_at}
      email: email
      url: page
"""
HEADER = "id,name,email,mail,company,country,industry,consent,page\n"


@dataclass
class World:
    """A home with one channel; what runs do to it is gated as in a run."""

    lake: Lake

    @property
    def config(self) -> Path:
        return self.lake.settings.config_dir

    def describe(self, *changes: tuple[str, str]) -> None:
        """Write the channel as it is at first, with these changes."""
        text = CONTACTS
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.config / "channels" / "contacts.yaml").write_text(text)

    def add_word(self, name: str, row: str) -> None:
        with (self.config / "vocabularies" / name).open("a") as listed:
            listed.write(row + "\n")

    def receive(self, *rows: str) -> None:
        """Take rows in; `run` makes leads of them."""
        channel = load_channels(self.config)["contacts"]
        path = self.lake.settings.home / f"{len(rows)}-{hashlib.md5(rows[0].encode()).hexdigest()}"
        path.write_text(HEADER + "\n".join(rows) + "\n")
        delivery = identify_delivery(path, channel, received_at=AT)
        with self.lake.write("intake") as candidate:
            note_lists(candidate.connection, self._reading(STEP, self._lists.version))
            batches = parse_file(path, channel, received_at=AT)
            assert write_batches(candidate.connection, delivery, batches).taken == len(rows)

    def run(self) -> dict[str, Any]:
        """What a run does after it has taken its files in; the counts of resolving."""
        vocabularies = load_vocabularies(self.config)
        with self.lake.read() as connection:
            forms = normalize_pending(connection, vocabularies)
        assert not forms.faults
        with self.lake.write("identify") as candidate:
            write_normalized(candidate.connection, forms.rows)
            return self._resolve(candidate.connection, 0)

    def catch_up(self, rows: int = 1_000) -> dict[str, Any]:
        """One slice of what is behind; the counts of resolving."""
        lists = self._lists
        vocabularies = load_vocabularies(self.config)
        with self.lake.write("identify") as candidate:
            connection = candidate.connection
            reread_items(
                connection,
                load_channels(self.config),
                load_contracts(self.lake.settings.expectations_dir),
                lists,
                self._reading(STEP, lists.version),
                rows=rows,
            )
            withdraw_non_persons(connection)
            forms = normalize_anew(connection, vocabularies, rows)
            assert not forms.faults
            reading = self._reading("normalize", vocabularies.version, "submission")
            write_normalized(connection, forms.rows, reading)
            return self._resolve(connection, rows)

    def rebuild(self, rows: int = 1_000) -> int:
        """Catch up until nothing is behind; the number of slices."""
        for done in range(100):
            if not self.behind():
                return done
            self.catch_up(rows)
        raise AssertionError(f"{self.behind()} rows stay behind")

    def behind(self) -> int:
        vocabularies = load_vocabularies(self.config)
        with self.lake.read() as connection:
            return (
                captured_behind(connection, self._lists)
                + forms_behind(connection, vocabularies)
                + attributed_behind(connection, vocabularies.version)
            )

    @property
    def _lists(self) -> IntakeLists:
        return load_intake_lists(self.config)

    def _reading(self, step: str, version: str, kind: str | None = None) -> Reading:
        return Reading(step, version, AT, "run", kind=kind)

    def _resolve(self, connection: duckdb.DuckDBPyConnection, rows: int) -> dict[str, Any]:
        return resolve(
            connection,
            self.config,
            self.lake.settings.models,
            decided_at=AT,
            run_id="run",
            rows=rows,
        )

    def remap(self, brake: Brake | None = None) -> Any:
        return remap(
            self.lake,
            load_channels(self.config)["contacts"],
            load_contracts(self.lake.settings.expectations_dir),
            brake or Brake(switches_of(self.lake), "capture"),
            by="Dana",
            reason="the wrong column",
            at=AT,
        )

    def query(self, query: str) -> list[tuple[Any, ...]]:
        with self.lake.read() as connection:
            return connection.execute(query).fetchall()

    def leads(self) -> dict[str, str]:
        return dict(
            self.query(
                "select record_id, lead_id from identity.lead_members "
                "join capture.submissions using (submission_id)"
            )
        )

    def readings(self) -> int:
        return int(self.query("select count(*) from governance.readings")[0][0])

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that was captured and resolved, but for readings and fingerprints of them."""
        tables = (
            "capture.submissions", "capture.events", "identity.normalized_submissions",
            "identity.lead_members", "identity.lead_events", "identity.account_members",
            "identity.accounts", "identity.match_pairs",
        )  # fmt: skip
        return {
            table: self.query(
                f"select columns(name -> not ends_with(name, 'reading')) from {table} order by all"
            )
            for table in tables
        }


@pytest.fixture
def world(lake: Lake, tmp_path: Path) -> World:
    return make_world(lake.settings, tmp_path / "config")


def make_world(settings: Settings, config: Path) -> World:
    shutil.copytree(PROJECT_ROOT / "config", config)
    made = World(Lake(settings.model_copy(update={"config_dir": config})))
    made.describe()
    made.lake.published()
    return made


NORA = "1,Nora Quist,nora@quist-marine.example,,Quist Marine,Absurdistan,Barging,,"
ADA = "2,Ada Okafor,ada@okafor-foods.example,,Okafor Foods,Kenya,Software,,"


def test_a_word_added_to_a_list_fills_what_waited_for_it(world: World) -> None:
    world.receive(NORA, ADA, "3,Ben Adler,ben@adler.example,,Adler,Kenya,,perchance,")
    world.run()
    leads = world.leads()
    versions = dict(world.query("select lead_id, lead_version from identity.lead_versions"))
    before = world.query("select submission_id, industry from identity.normalized_submissions")
    world.run()
    assert world.query("select submission_id, industry from identity.normalized_submissions") == (
        before
    )
    world.add_word("industries.csv", "Barging,logistics")
    world.add_word("consents.csv", "perchance,granted")
    assert world.catch_up()["read_anew"] == 2
    found = world.query(
        "select record_id, n.industry, n.consent_email, s.consent_email, s.issues is null "
        "from identity.normalized_submissions as n join capture.submissions as s "
        "using (submission_id) order by record_id"
    )
    assert found[0][1] is not None
    assert found[2][2:] == ("granted", "granted", True)
    assert world.leads() == leads
    changed = {
        lead
        for lead, version in world.query("select lead_id, lead_version from identity.lead_versions")
        if versions[lead] != version
    }
    assert changed == {leads["1"], leads["3"]}
    told = world.query(
        "select subject_id, actor, before, after from governance.audit_log "
        "where action = 'read_anew' order by audit_seq, subject_id"
    )
    assert [one[1] for one in told] == ["system"] * 2
    assert any("industry" in after for *_, after in told)
    assert world.behind() == 0
    state, noted = world.state(), world.readings()
    assert world.catch_up()["read_anew"] == 0
    assert (world.state(), world.readings()) == (state, noted)


def test_a_new_lead_waits_for_nothing_old(world: World) -> None:
    """A changed list once had the next run read all that had an issue, before its own."""
    world.receive(NORA, ADA)
    world.run()
    world.add_word("industries.csv", "Barging,logistics")
    world.add_word("consents.csv", "perchance,granted")
    old = world.state()
    world.receive("3,Ben Adler,ben@adler.example,,Adler,Kenya,Barging,perchance,/pricing")
    with world.lake.read() as connection:
        read = normalize_pending(connection, load_vocabularies(world.config)).rows
    assert read["industry"].tolist() == ["logistics"], "nothing but what is new is read"
    assert world.run()["read_anew"] == 0
    new = world.state()
    for table in (
        "capture.submissions",
        "identity.normalized_submissions",
        "identity.lead_members",
    ):
        assert [row for row in new[table] if row not in old[table]] != []
        assert [row for row in old[table] if row not in new[table]] == []
    assert world.behind() == 4, "both that are old, as items and as normal forms"
    world.rebuild(rows=1)
    assert world.behind() == 0
    assert world.query("select count(*) from identity.lead_members") == [(3,)]
    named = "select industry from identity.normalized_submissions order by received_seq"
    assert world.query(named) == [("logistics",), ("software",), ("logistics",)]


def test_a_slice_takes_the_oldest_first_and_no_more(world: World) -> None:
    world.receive(NORA, NORA.replace("1,", "2,"), NORA.replace("1,", "3,"))
    world.run()
    world.add_word("industries.csv", "Barging,logistics")
    world.catch_up(rows=2)
    named = "select industry from identity.normalized_submissions order by received_seq"
    assert world.query(named) == [("logistics",), ("logistics",), (None,)]
    assert world.behind() == 1
    assert world.rebuild(rows=2) == 1
    assert world.query(named) == [("logistics",)] * 3


def test_a_corrected_field_comes_right_in_place(world: World) -> None:
    """Also what a gate would have to refuse as an accident: the company of every lead is another
    one."""
    world.describe(("company_name: company", "company_name: industry"))
    world.receive(NORA, ADA)
    world.run()
    leads, begun = world.leads(), world.state()
    world.describe()
    with world.lake.read() as connection:
        channel = load_channels(world.config)["contacts"]
        contracts = load_contracts(world.lake.settings.expectations_dir)
        shown = preview_remap(connection, channel, contracts)
    assert (shown.records, shown.changed, shown.changing["submission", "company_name"]) == (2, 2, 2)
    assert world.state() == begun, "a preview writes nothing"
    found = world.remap()
    assert (found.records, found.changed, found.refused) == (2, 2, 0)
    assert world.catch_up()["read_anew"] == 2
    assert world.leads() == leads
    assert world.query("from identity.lead_crosswalk") == []
    accounts = world.query("select name from identity.accounts order by name")
    assert accounts == [("Okafor Foods",), ("Quist Marine",)]
    stated = "select record_id from identity.account_members except "
    assert (
        world.query(
            f"{stated} select company_record_id as record_id from identity.normalized_submissions"
        )
        == []
    )
    told = world.query(
        "select actor, reason, before, after from governance.audit_log where action = 'remap'"
    )
    assert told == [("Dana", "the wrong column", "company_name", "company_name")] * 2
    state, noted = world.state(), world.readings()
    assert world.remap().changed == 0
    assert world.catch_up()["read_anew"] == 0
    assert (world.state(), world.readings()) == (state, noted)
    world.describe(("company_name: company", "company_name: industry"))
    world.remap()
    world.catch_up()
    assert world.state() == begun


WRONG_MAIL = ("      email: email\n      company_name", "      email: mail\n      company_name")
TWICE = (
    "1,Nora Quist,nora@quist-marine.example,n1@first.example,Quist Marine,Norway,,,",
    "2,Nora Quist,nora@quist-marine.example,n2@second.example,,Kenya,,,/pricing",
)


def test_corrected_mails_make_two_leads_one_and_two_again(world: World) -> None:
    world.describe(WRONG_MAIL)
    world.receive(*TWICE)
    world.run()
    apart = world.leads()
    assert apart["1"] != apart["2"]
    begun = world.state()
    world.describe()
    world.remap()
    world.catch_up()
    assert set(world.leads().values()) == {apart["1"]}
    related = world.query("select lead_id, related_lead_id, relation from identity.lead_crosswalk")
    assert related == [(apart["2"], apart["1"], "merged_into")]
    assert world.query("select lead_id from identity.lead_events") == [(apart["1"],)]
    world.describe(WRONG_MAIL)
    world.remap()
    world.catch_up()
    assert world.leads() == apart
    assert world.state() == begun
    living = world.query("select relation from identity.lead_crosswalk")
    assert living == [("split_from",)]


def test_what_was_one_by_a_wrong_mail_is_parted(world: World) -> None:
    world.describe(WRONG_MAIL)
    world.receive(
        "1,Nora Quist,nora@quist.example,quist-7@first.example,,,,,",
        "2,Ada Okafor,ada@other.example,quist-7@first.example,,,,,",
        "3,Nora Quist,nora.q@third.example,quist-7@first.example,,,,,",
    )
    world.run()
    before = world.leads()
    assert before["1"] == before["3"]
    world.describe()
    world.remap()
    world.catch_up()
    after = world.leads()
    assert after["1"] == before["1"] != after["3"]
    assert len(set(after.values())) == 3
    related = world.query("select lead_id, related_lead_id, relation from identity.lead_crosswalk")
    assert related == [(after["3"], after["1"], "split_from")]


def test_an_event_of_another_key_goes_to_another_lead(world: World) -> None:
    late = ("      email: email\n      url", "      email: mail\n      url")
    world.receive(NORA, ADA)
    world.describe(late, ("kind: submission\n", "kind: submission\n    when: company\n"))
    world.receive("3,,ada@okafor-foods.example,nora@quist-marine.example,,,,,/pricing")
    world.run()
    leads = world.leads()
    assert world.query("select lead_id from identity.lead_events") == [(leads["1"],)]
    world.describe(("kind: submission\n", "kind: submission\n    when: company\n"))
    world.remap()
    world.catch_up()
    assert world.query("select lead_id, reading is not null from identity.lead_events") == [
        (leads["2"], True)
    ]


def test_the_switch_of_capture_stops_it(world: World) -> None:
    world.receive(NORA)
    switch = Switch("capture", False, "Dana", "a wrong channel", AT)
    assert switches_of(world.lake).throw(switch)
    world.describe(WRONG_MAIL)
    begun = world.state()
    with pytest.raises(WorkflowStoppedError):
        world.remap()
    assert world.state() == begun


class _ThrownMeanwhile(Brake):
    """The brake of capture; somebody throws its switch once so many batches are written."""

    def __init__(self, world: World, batches: int) -> None:
        super().__init__(switches_of(world.lake), "capture")
        self._world = world
        self._left = batches

    def look(self) -> None:
        if not self._left:
            switch = Switch("capture", False, "Dana", "enough for today", AT)
            switches_of(self._world.lake).throw(switch)
        self._left -= 1
        super().look()


def test_what_was_stopped_between_two_batches_is_completed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lead_platform.capture.remapping.BATCH_RECORDS", 1)
    wrong = ("company_name: company", "company_name: industry")
    world.describe(wrong)
    world.receive(NORA, ADA, "3,Ben Adler,ben@adler.example,,Adler,Kenya,Retail,,")
    world.describe()
    with pytest.raises(WorkflowStoppedError):
        world.remap(_ThrownMeanwhile(world, batches=2))
    names = "select company_name from capture.submissions order by record_id"
    assert world.query(names) == [("Quist Marine",), ("Okafor Foods",), ("Retail",)]
    switches_of(world.lake).throw(Switch("capture", True, "Dana", "go on", AT))
    assert world.remap().changed == 1
    assert world.query(names)[2] == ("Adler",)
    assert world.remap().changed == 0


def test_who_comes_back_as_somebody_else_gets_an_id_of_his_own(world: World) -> None:
    """It would have been the id of the lead he was withdrawn from, which others have still."""
    world.receive(
        "1,Nora Quist,nora@quist-marine.example,bo@lund-timber.example,Bo Lund,Kenya,,,",
        "2,Nora Quist,nora@quist-marine.example,nora@quist-marine.example,Nora Quist,Kenya,,,",
    )
    world.run()
    one = world.leads()
    assert one["1"] == one["2"]
    [(first,)] = world.query("select submission_id from capture.submissions where record_id = '1'")
    with world.lake.write("withdraw") as candidate:
        withdraw_submissions(candidate.connection, [first])
    world.describe(
        (
            "full_name: name\n      email: email\n      company_name: company",
            "full_name: company\n      email: mail",
        )
    )
    world.remap()
    world.catch_up()
    two = world.leads()
    assert two["2"] == one["2"]
    assert two["1"] != two["2"]
    world.run()
    assert world.leads() == two
