"""The command line end to end on a small world, and what it says when something is wrong.

Commands run in processes of their own that start warm; each must end with its exit code, in its
own words and without a traceback.
"""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from lead_platform.lake.changes import current_snapshot
from lead_platform.lake.connection import load_extensions
from lead_platform.lake.faults import Fault
from lead_platform.lake.lake import Lake
from lead_platform.lake.quarantine import Hold, Separation, Subject, write_holds
from tests.integration.conftest import Install
from tests.integration.installation import (
    PROJECT,
    Command,
    Installation,
    differences,
    make_world,
)


@pytest.fixture(scope="module")
def profile() -> str:
    """One profile: commands know of none."""
    return "embedded"


@pytest.fixture(scope="module")
def shown(embedded_install: Install) -> tuple[Installation, Command]:
    """An installation that has run the demo, and what that printed."""
    installation = embedded_install("demo")
    return installation, installation.command("demo", "--submissions", "150", "--seed", "7")


@pytest.fixture(scope="module")
def demo(shown: tuple[Installation, Command]) -> Installation:
    """An installation that has run the demo."""
    return shown[0]


@pytest.fixture
def empty(embedded_install: Install) -> Installation:
    """A home nobody has used."""
    return embedded_install("empty")


def rows(command: Command) -> list[dict[str, str]]:
    """The rows a command printed as CSV."""
    assert command.exit_code == 0, command.err + command.out
    return list(csv.DictReader(io.StringIO(command.out)))


def assert_told(command: Command, *words: str, exit_code: int = 1) -> None:
    """The command failed, said these words, and nothing only a programmer can read."""
    told = " ".join((command.out + command.err).split())
    assert command.exit_code == exit_code, told
    assert "Traceback" not in told
    for word in words:
        assert word in told, f"{word!r} is missing in: {told}"


def test_demo_prints_one_summary(shown: tuple[Installation, Command]) -> None:
    installation, command = shown
    assert command.exit_code == 0, command.err + command.out
    for word in (
        "received", "Rejected, by reason", "repeats", "questions to review", "Score bands",
        "Owners and queues", "Wall time by stage", "Enrichment", "Release rel_", "Look next",
    ):  # fmt: skip
        assert word in command.out, word
    assert installation.waiting == []
    leads = installation.scalar("select count(*) from identity.leads")
    assert leads > 80
    assert leads == installation.scalar("select count(*) from routing.assignments")
    assert installation.scalar("select count(*) from enrichment.enrichment_results") > 0


def test_status_tells_the_published_release(demo: Installation) -> None:
    command = demo.command("status")
    assert command.exit_code == 0, command.err
    leads = demo.scalar("select count(*) from identity.leads")
    assert re.search(rf"leads\s+│\s+{leads} │", command.out), command.out
    newest = demo.query("select arg_max(release_id, snapshot_id) from governance.releases")
    assert newest[0][0] in command.out


def test_ingest_takes_a_file_to_an_assigned_lead(demo: Installation, tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text(
        "list_id,row_id,added_at,first_name,last_name,email,phone,title,company,website,industry,"
        "employees,city,state,country,linkedin_url,list_name\n"
        "L9,1,2026-06-30T10:00:00Z,Ilse,Brandt,ilse.brandt@brandt-optik.example.com,,CFO,"
        "Brandt [/b] Optik,,,,Bremen,,DE,,Fair\n",
        encoding="utf-8",
    )
    command = demo.command(
        "ingest", str(file), "--channel", "outbound_list", "--as-of", "2026-07-01T12:00:00"
    )
    assert command.exit_code == 0, command.err + command.out
    story = demo.command("lead", "Ilse.Brandt@brandt-optik.example.com ")
    assert story.exit_code == 0, story.err
    for word in ("Ilse Brandt", "outbound_list", "Profile", "Routing", "Submissions"):
        assert word in story.out, word
    lead_id = demo.scalar(
        "select lead_id from identity.leads where email = 'ilse.brandt@brandt-optik.example.com'"
    )
    assert demo.command("lead", lead_id).out == story.out


def test_releases_list_and_differ(demo: Installation) -> None:
    listed = rows(demo.command("releases", "--limit", "100"))
    assert {release["status"] for release in listed} == {"passed"}
    snapshots = [int(release["snapshot"]) for release in listed]
    assert snapshots == sorted(snapshots, reverse=True)
    assert len(listed) > 10
    changes = rows(demo.command("releases", "diff", str(snapshots[-1]), str(snapshots[0])))
    added = {row["table"]: int(row["inserted or updated"]) for row in changes}
    assert added["capture.submissions"] == demo.scalar("select count(*) from capture.submissions")
    assert added["identity.leads"] == demo.scalar("select count(*) from identity.leads")


def test_sql_reads_the_published_release_or_an_earlier_one(demo: Installation) -> None:
    count = "select count(*) as submissions from capture.submissions"
    now = demo.scalar(count)
    assert rows(demo.command("sql", count)) == [{"submissions": str(now)}]
    first = demo.scalar("select min(snapshot_id) from governance.releases")
    earlier = rows(demo.command("sql", count, "--snapshot", str(first)))
    assert earlier == [{"submissions": "0"}]


def test_sql_writes_nothing_however_the_lake_is_named(demo: Installation) -> None:
    before = demo.tables()
    newest = demo.scalar("select max(snapshot_id) from governance.releases")
    for statement in (
        "delete from identity.leads",
        "drop table identity.leads",
        "insert into governance.workflow_switches values ('capture', false, 'a', 'b', now())",
        "delete from lake.identity.leads",
        "drop table lake.identity.leads",
        "delete from __ducklake_metadata_lake.main.ducklake_snapshot",
        "copy identity.leads to 'stolen.csv'",
        "call ducklake_expire_snapshots('lake', older_than => now())",
    ):
        assert_told(demo.command("sql", statement), "read-only")
    assert demo.tables() == before
    with Lake(demo.settings)._writer() as connection:
        assert current_snapshot(connection) == newest


def test_csv_disarms_what_a_spreadsheet_would_run(demo: Installation) -> None:
    query = """select '=cmd()' as formula, '+4930123' as phone, -5 as number, '-5,50' as price,
        '@sum(1)' as call, '-' as dash, chr(9) || 'x' as tab, 'a=b' as harmless, null as nothing"""
    (row,) = rows(demo.command("sql", query, "--csv"))
    assert row == {
        "formula": "'=cmd()", "phone": "+4930123", "number": "-5", "price": "-5,50",
        "call": "'@sum(1)", "dash": "'-", "tab": "'\tx", "harmless": "a=b", "nothing": "",
    }  # fmt: skip
    (raw,) = rows(demo.command("sql", query, "--csv", "--raw"))
    assert (raw["formula"], raw["call"], raw["dash"]) == ("=cmd()", "@sum(1)", "-")


def test_attach_statement_works_in_any_duckdb_client(demo: Installation) -> None:
    command = demo.command("sql", "--attach")
    assert command.exit_code == 0, command.err
    with duckdb.connect(":memory:") as client:
        load_extensions(client, demo.settings)
        client.execute(command.out)
        leads = client.execute("select count(*) from lake.identity.leads").fetchone()
        assert leads == (demo.scalar("select count(*) from identity.leads"),)
        with pytest.raises(duckdb.Error, match="read-only"):
            client.execute("delete from lake.identity.leads")


def test_channels_are_listed_and_checked_without_taking_in(
    demo: Installation, tmp_path: Path
) -> None:
    listed = {row["channel"]: row for row in rows(demo.command("channels", "list"))}
    assert len(listed) >= 20
    assert listed["crm_outcomes"]["brings"] == "event, outcome"
    make_world(tmp_path, seed=2, submissions=60, events_per_person=1.0)
    file = next((tmp_path / "inbox" / "web_form").glob("*"))
    before = demo.scalar("select max(snapshot_id) from governance.releases")
    command = demo.command("channels", "check", "web_form", str(file))
    assert command.exit_code == 0, command.err
    for word in ("email", "submitted_at", "full_name"):
        assert word in command.out, word
    assert demo.scalar("select max(snapshot_id) from governance.releases") == before


def test_workflows_are_switched_with_who_and_why(demo: Installation) -> None:
    states = rows(demo.command("workflows", "list"))
    assert {row["state"] for row in states} == {"enabled"}
    off = demo.command("workflows", "disable", "enrichment", "--by", "Dana", "--reason", "cost")
    assert (off.exit_code, off.out.strip()) == (0, "enrichment is disabled.")
    again = demo.command("workflows", "disable", "enrichment", "--by", "Dana", "--reason", "cost")
    assert (again.exit_code, again.out.strip()) == (0, "enrichment was disabled already.")
    (row,) = [
        row for row in rows(demo.command("workflows", "list")) if row["workflow"] == "enrichment"
    ]
    assert (row["state"], row["by"], row["reason"]) == ("DISABLED", "Dana", "cost")
    on = demo.command("workflows", "enable", "enrichment", "--by", "Dana", "--reason", "paid")
    assert (on.exit_code, on.out.strip()) == (0, "enrichment is enabled.")


def test_maintenance_changes_no_row_and_is_audited(demo: Installation) -> None:
    before = demo.tables()
    command = demo.command("maintain")
    assert command.exit_code == 0, command.err + command.out
    assert str(Lake(demo.settings).published().snapshot_id) in command.out
    assert set(differences(before, demo.tables())) == {"governance.audit_log"}
    compactions = "select count(*) from governance.audit_log where action = 'compact_lake'"
    assert demo.scalar(compactions) == 1

    off = ("maintenance", "--by", "Dana", "--reason", "backup is running")
    assert demo.command("workflows", "disable", *off).exit_code == 0
    assert demo.command("maintain").exit_code == 0
    assert demo.scalar(compactions) == 1
    skipped = "select reason from governance.workflow_runs where workflow = 'maintenance'"
    assert "backup is running" in demo.scalar(skipped)
    assert demo.command("workflows", "enable", *off).exit_code == 0


def test_scores_are_audited(demo: Installation) -> None:
    command = demo.command("scores", "audit", "--as-of", "2026-07-02T00:00:00")
    assert command.exit_code == 0, command.err + command.out
    audits = demo.query("select quarter, verdict from scoring.drift_audits order by all")
    assert audits
    for quarter, verdict in audits:
        assert f"{quarter}," in command.out
        assert verdict in command.out


def test_configuration_is_checked(demo: Installation) -> None:
    command = demo.command("config", "check")
    assert command.exit_code == 0, command.err
    for name in ("channels", "scorecard", "routing", "identity", "expectations"):
        assert f"{name}: valid" in command.out


def test_every_fault_of_the_configuration_is_told_at_once(
    embedded_install: Install, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    shutil.copytree(PROJECT / "config", config)
    replace(
        config / "routing.yaml", "operator: equals, value: true", "operator: equal, value: true"
    )
    replace(config / "scorecard.yaml", "medium: 40", "medium: forty")
    replace(config / "channels" / "web_form.yaml", "format: jsonl", "format: jsonlines")
    replace(config / "reps.csv", ",true", ",perhaps")
    installation = embedded_install("broken", config_dir=config)
    assert_told(
        installation.command("config", "check"),
        "routing.yaml:", "'equal'", "scorecard.yaml:", "forty", "web_form.yaml:", "jsonlines",
        "reps.csv:", "perhaps",
    )  # fmt: skip


def replace(path: Path, old: str, new: str) -> None:
    """Break a file in its first place that says `old`."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_run_with_a_broken_rule_file_changes_nothing(demo: Installation, tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(PROJECT / "config", config)
    replace(
        config / "routing.yaml", "operator: equals, value: true", "operator: equal, value: true"
    )
    settings = demo.settings.model_copy(update={"config_dir": config})
    broken = Installation(settings, demo.zygote, _tasks=1000)
    told = broken.command("status")
    assert (told.exit_code, "config/routing.yaml cannot be used: 1 fault" in told.err) == (0, True)
    assert "cannot be used" not in demo.command("status").err
    before = demo.tables()
    as_of = "2026-07-01T13:00:00"
    assert_told(broken.command("ingest", "--as-of", as_of), "routing.yaml:", "'equal'")
    assert differences(before, demo.tables()) == {}


def test_unknown_channel(demo: Installation, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id\n1\n")
    for verb in (
        ["ingest", str(file), "--channel", "fbk"],
        ["channels", "check", "fbk", str(file)],
    ):
        assert_told(
            demo.command(*verb),
            "'fbk'",
            "facebook_lead_ads",
            "web_form",
            "config/channels/fbk.yaml",
        )


def test_file_without_channel_and_channel_without_file(demo: Installation) -> None:
    assert_told(demo.command("ingest", "a.csv"), "--channel NAME", exit_code=2)
    assert_told(demo.command("ingest", "--channel", "web_form"), "--channel NAME", exit_code=2)


def test_unreadable_file(demo: Installation, tmp_path: Path) -> None:
    missing = tmp_path / "not-there.csv"
    ingested = demo.command("ingest", str(missing), "--channel", "outbound_list")
    assert_told(ingested, str(missing), "is no file", "Check the path")
    assert_told(
        demo.command("channels", "check", "outbound_list", str(tmp_path)),
        str(tmp_path), "cannot be read",
    )  # fmt: skip


def test_bad_instant(demo: Installation) -> None:
    assert_told(
        demo.command("ingest", "--as-of", "yesterday"),
        "'yesterday'", "2026-06-30T09:00:00", exit_code=2,
    )  # fmt: skip


@pytest.mark.parametrize("who", ["nobody@nowhere.example", "lead_unknown", "[/red] [bold"])
def test_unknown_lead(demo: Installation, who: str) -> None:
    assert_told(demo.command("lead", who), who, "e-mail addresses, lead ids", "lead-platform sql")


def test_unknown_workflow(demo: Installation) -> None:
    command = demo.command("workflows", "disable", "scorring", "--reason", "x")
    assert_told(
        command, "'scorring'", "capture, identity, identity_scan, enrichment, scoring, routing"
    )


def test_switch_without_a_reason(demo: Installation) -> None:
    assert_told(demo.command("workflows", "disable", "scoring"), "--reason", exit_code=2)
    assert_told(demo.command("workflows", "disable", "scoring", "--reason", " "), "--reason")


def test_bad_query_and_no_query(demo: Installation) -> None:
    assert_told(demo.command("sql", "select nonsense from identity.leads"), "nonsense")
    assert_told(demo.command("sql"), "Give a query", exit_code=2)


def test_home_that_cannot_be_written(embedded_install: Install, tmp_path: Path) -> None:
    """A home below a file: not even a superuser can write there."""
    (tmp_path / "file").write_text("")
    home = tmp_path / "file" / "home"
    process = lead_platform("status", LEAD_PLATFORM_HOME=str(home))
    assert_told(process, str(home), "cannot be written", "LEAD_PLATFORM_HOME")


def test_unreachable_database(tmp_path: Path) -> None:
    url = "postgresql://lead:s3cret@127.0.0.1:1/leads"
    process = lead_platform(
        "status", LEAD_PLATFORM_HOME=str(tmp_path / "home"), LEAD_PLATFORM_DATABASE_URL=url
    )
    assert_told(process, "127.0.0.1:1/leads", "does not answer", "LEAD_PLATFORM_DATABASE_URL")
    assert "s3cret" not in process.out + process.err
    wrong = lead_platform(
        "status",
        LEAD_PLATFORM_HOME=str(tmp_path / "home"),
        LEAD_PLATFORM_DATABASE_URL="mysql://lead:s3cret@host/leads",
    )
    assert_told(wrong, "'mysql'", "postgresql://user:password@host:port/database")
    assert "s3cret" not in wrong.out + wrong.err


def lead_platform(*argv: str, **environment: str) -> Command:
    """The command in a process started cold, as a person does."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "lead_platform.cli", *argv],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=PROJECT,
        env={**os.environ, **environment, "COLUMNS": "200"},
    )
    return Command(done.returncode, done.stdout, done.stderr)


def test_commands_on_an_empty_home_name_the_next_step(empty: Installation) -> None:
    assert {row["state"] for row in rows(empty.command("workflows", "list"))} == {"enabled"}
    assert_told(empty.command("lead", "a@b.example"), "no leads here yet", "lead-platform demo")
    # The first command of a new home: that nothing came yet is how it is, and no failure.
    told = empty.command("status")
    assert told.exit_code == 0, told.err
    assert "Nothing has been taken in yet" in told.out
    assert "lead-platform demo" in told.out


def test_a_release_tries_what_was_let_go_before_and_waits(
    embedded_install: Install,
) -> None:
    """It said that nothing was held, and what had been let go waited for somebody's next file."""
    installation = embedded_install("waiting")
    release = ("quarantine", "release", "--step", "normalize", "--by", "Dana", "--reason", "mended")
    assert "Nothing to release" in installation.command(*release).out
    fault = Fault("sub_1", "KeyError", "names.py:1")
    separation = Separation("normalize")
    with installation.lake.write("hold", run_id="r", separations=[separation]) as candidate:
        candidate.hold([fault], "submission", "identity.normalized_submissions")
    with installation.lake.write("let go") as candidate:
        candidate.connection.execute(
            "update governance.quarantine set state = 'superseded', decided_by = 'system', "
            "decided_at = held_at, decision_reason = 'its suite changed'"
        )
    told = installation.command(*release)
    assert told.exit_code == 0, told.err
    assert "submission sub_1: tried again by normalize" in told.out


WORK = ("reviews", "work", "--by", "Dana", "--as-of", "2026-07-03T00:00:00")
OPEN = "select count(*) from identity.match_reviews where status = 'open'"


def test_full_scan_tells_what_it_found_and_where_duplicates_come_from(demo: Installation) -> None:
    waiting = demo.scalar(OPEN)
    command = demo.command("identity", "scan", "--as-of", "2026-07-02T12:00:00")
    assert command.exit_code == 0, command.err + command.out
    [(opened, submissions)] = demo.query("select reviews_opened, submissions from identity.scans")
    assert demo.scalar(OPEN) == waiting + opened
    assert f"{opened} new pair" in command.out
    counted = demo.query(
        "select sum(submissions), sum(repeats), max(scanned_at)::varchar "
        "from reporting.duplicate_sources"
    )
    leads = demo.scalar("select count(*) from identity.leads")
    assert counted == [(submissions, submissions - leads, "2026-07-02 12:00:00")]
    assert "mostly by" in command.out

    off = ("identity_scan", "--by", "Dana", "--reason", "holidays")
    assert demo.command("workflows", "disable", *off).exit_code == 0
    skipped = demo.command("identity", "scan", "--as-of", "2026-07-02T13:00:00")
    assert "identity_scan is switched off by Dana: holidays" in " ".join(skipped.out.split())
    assert "Nothing was scanned" in skipped.out
    assert demo.scalar("select count(*) from identity.scans") == 1
    assert demo.command("workflows", "enable", *off).exit_code == 0


def test_queue_is_worked_on_a_terminal(demo: Installation) -> None:
    before = demo.tables()
    thrown = demo.on_terminal(*WORK, dialogue=[("[q]uit", "s"), ("[q]uit", "\x03"),
                                               ("[t]hrow", "\x03")])  # fmt: skip
    assert (thrown.exit_code, "The queue is as it was." in thrown.out) == (0, True)
    assert differences(before, demo.tables()) == {}

    first, second = (row["review_id"] for row in rows(demo.command("reviews", "list"))[:2])
    worked = demo.on_terminal(
        *WORK,
        dialogue=[
            (first, "x"),
            ("[q]uit", "s"),
            (second, "w"),
            ("together", "b"),
            ("You said same", "n"),
            (second, "d"),
            ("[q]uit", "q"),
            ("You said: 1 same, 1 different.", "w"),
        ],
    )
    assert worked.exit_code == 0, worked.out
    assert worked.out.count("Recorded as act_") == 2
    said = "select source_id, verdict, decided_by from identity.match_verdicts order by verdict_seq"
    assert set(demo.query(said)) == {(first, "same", "Dana"), (second, "different", "Dana")}
    assert demo.query(
        f"select status from identity.match_reviews where review_id in ('{first}', '{second}') "
        "order by 1"
    ) == [("different",), ("same",)]


def test_terminal_that_goes_away_loses_no_verdict(demo: Installation) -> None:
    waiting = rows(demo.command("reviews", "list"))
    off = ("identity", "--by", "Dana", "--reason", "a merge went wrong")
    assert demo.command("workflows", "disable", *off).exit_code == 0
    gone = demo.on_terminal(
        *WORK,
        dialogue=[("take effect with the first run", "?"), ("[q]uit", "u"), ("unsure\r\n", "")],
    )
    assert gone.exit_code == 0, gone.out
    assert demo.command("workflows", "enable", *off).exit_code == 0
    assert rows(demo.command("reviews", "list")) == waiting[1:]


def test_names_and_numbers_that_mean_nothing_are_told(demo: Installation) -> None:
    """An unknown lead was told to have no merges; a limit below 1 was a database's error."""
    why = ("--by", "Dana", "--reason", "x")
    assert_told(demo.command("merges", "undo", "lead_x", *why), "No lead goes by 'lead_x'")
    assert_told(demo.command("merges", "list", "a@b.example"), "No lead goes by 'a@b.example'")
    assert_told(demo.command("merges", "split", "lead_x", "sub_x", *why), "No lead goes by")
    assert_told(demo.command("reviews", "dismiss", "zz", *why), "scan 'zz'", "identity.scans")
    assert_told(demo.command("reviews", "list", "--limit", "0"), "equal to 1", exit_code=2)
    assert_told(demo.command("reviews", "work", "--by", "Dana"), "needs a terminal")
    assert "\r" not in demo.command("reviews", "list").out


def test_email_address_stands_for_its_lead(demo: Installation) -> None:
    [(email, lead_id)] = demo.query(
        "select email, lead_id from identity.leads where submission_count > 1 "
        "and email is not null order by all limit 1"
    )
    listed = demo.command("merges", "list", email)
    assert listed.out == demo.command("merges", "list", lead_id).out


def test_only_a_file_that_waits_can_be_accepted(demo: Installation) -> None:
    accepted = demo.command("deliveries", "accept", f"del_{'f' * 24}", "--reason", "a typo")
    assert_told(accepted, "No file in the inbox is the delivery del_fff")
    assert demo.scalar("select count(*) from capture.accepted_deliveries") == 0


def test_lead_tells_what_is_left_out_of_it_and_who_does_not_act(demo: Installation) -> None:
    """A lead without a score, and one that nobody routed, looked like any other."""
    (email, lead_id) = demo.query(
        "select email, lead_id from identity.leads where email > '' limit 1"
    )[0]
    lake = Lake(demo.settings)
    hold = Hold(
        Subject("lead", lead_id),
        "scoring.lead_scores",
        "expect_column_values_to_not_be_null",
        '{"column": "total"}',
    )
    with lake.write("scores") as candidate:
        write_holds(
            candidate.connection, [hold], step="scores", release_id=None, run_id="",
            held_at=datetime(2026, 7, 1, 9),
        )  # fmt: skip
    off = ("routing", "--reason", "the new rules come", "--by", "Dana")
    assert demo.command("workflows", "disable", *off).exit_code == 0
    assert demo.command("workflows", "disable", "reporting", "--reason", "x").exit_code == 0
    try:
        told = demo.command("lead", email)
        assert told.exit_code == 0, told.err
        page = " ".join(told.out.split())
        assert "2026-07-01 09:00 lead lead_" in page
        assert (
            "left out by scores: scoring.lead_scores expect_column_values_to_not_be_null total "
            "(lead-platform quarantine show qua_" in page
        )
        assert "routing since 20" in page
        assert "by Dana: the new rules come (lead-platform workflows enable routing" in page
        assert "reporting" not in page
    finally:
        for workflow in ("routing", "reporting"):
            assert demo.command("workflows", "enable", workflow, "--reason", "x").exit_code == 0
        with lake.write("scores") as candidate:
            candidate.connection.execute(
                "update governance.quarantine set state = 'superseded', tried_at = held_at"
            )
    told = demo.command("lead", email)
    assert "Set aside none Switched off none" in " ".join(told.out.split())


def test_ingest_tells_what_a_gate_warns_of(demo: Installation, tmp_path: Path) -> None:
    """What was published although a person should look was told on a page of the UI only."""
    suites = tmp_path / "expectations"
    shutil.copytree(PROJECT / "expectations", suites)
    path = suites / "capture" / "submissions.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    suite["expectations"].append(
        {
            "type": "expect_column_values_to_not_be_in_set",
            "kwargs": {"column": "email", "value_set": ["warned@example.org"]},
            "meta": {"severity": "warn"},
        }
    )
    path.write_text(json.dumps(suite), encoding="utf-8")
    settings = demo.settings.model_copy(update={"expectations_dir": suites})
    warning = Installation(settings, demo.zygote, _tasks=2000)
    file = tmp_path / "late.jsonl"
    file.write_text(
        '{"form_submission_id": "warned", "submitted_at": "2026-07-01T10:00:00Z", '
        '"fields": {"email": "warned@example.org"}}\n'
    )
    told = warning.command(
        "ingest", str(file), "--channel", "web_form", "--as-of", "2026-07-01T13:30"
    )
    assert told.exit_code == 0, told.err + told.out
    page = " ".join(told.out.split())
    assert "warns of capture.submissions" in page
    assert "capture/submissions: gate warns" in page
    assert "capture.submissions: expect_column_values_to_not_be_in_set" in page
    assert "1 rows" in page
    assert "warned@example.org" not in told.err
