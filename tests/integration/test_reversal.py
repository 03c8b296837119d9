"""Merges undone through the whole house: every published table as if they had never happened."""

import time
from datetime import timedelta
from typing import Any

import pytest

from lead_platform.lake.lake import Lake
from tests.integration.conftest import Install
from tests.integration.installation import (
    AS_OF,
    Installation,
    broken_references,
    make_world,
)

# Fifty are undone in the tests of identity alone; here each goes through every layer.
MERGES = 8
SUBMISSIONS = 60

# What keeps the history of merges and undoes, by design, and the ledgers of runs.
HISTORIES = {
    "governance.audit_log", "governance.data_quality", "governance.releases",
    "governance.workflow_runs", "identity.account_crosswalk", "identity.account_decisions",
    "identity.account_verdicts", "identity.lead_crosswalk", "identity.match_verdicts",
    "identity.merge_decisions", "identity.merged_account_members", "identity.merged_members",
    "routing.routing_decisions",
}  # fmt: skip
# The instants of computing: what was computed again says when.
INSTANTS = {"scored_at", "as_of", "requested_at"}

ONE_PER_LEAD = (
    "identity.lead_versions", "identity.leads", "enrichment.lead_profiles",
    "scoring.lead_features", "scoring.lead_scores", "routing.assignments",
)  # fmt: skip


@pytest.fixture(scope="module")
def installed(install: Install, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A world of people with behaviour and deals, taken in and routed."""
    folder = tmp_path_factory.mktemp("world")
    make_world(folder, seed=9, submissions=SUBMISSIONS, events_per_person=2.0)
    installation = install("reversal")
    installation.deliver(folder)
    installation.run()
    return installation


def state(installation: Installation) -> dict[str, list[str]]:
    """Every row of every published table but the histories, without the instants."""
    with Lake(installation.settings).read() as connection:
        columns = connection.execute(
            "select table_schema || '.' || table_name, list(column_name order by column_name) "
            "from information_schema.columns where table_catalog = current_database() group by 1"
        ).fetchall()
        return {
            table: sorted(
                str(row)
                for row in connection.execute(
                    f"select {', '.join(name for name in names if name not in INSTANTS)} "
                    f"from {table}"
                ).fetchall()
            )
            for table, names in columns
            if table not in HISTORIES
        }


def assert_whole(installation: Installation) -> None:
    """Nothing fans out, nothing drops: each submission in one lead, each lead once everywhere."""
    assert installation.scalar("select count(*) from identity.lead_members") == (
        installation.scalar("select count(*) from capture.submissions")
    )
    leads = installation.query("select distinct lead_id from identity.lead_members order by all")
    for table in ONE_PER_LEAD:
        assert installation.query(f"select lead_id from {table} order by all") == leads, table
    with Lake(installation.settings).read() as connection:
        assert broken_references(connection, installation.settings.expectations_dir) == []


@pytest.mark.timeout(1_800)
def test_merges_undone_in_one_command_leave_every_table_as_it_was(installed: Installation) -> None:
    before = state(installed)
    issued = {row[0] for row in installed.query("select lead_id from identity.leads")}
    pairs = strangers(installed, MERGES)
    said = installed.start(
        "judge_pairs",
        pairs=pairs,
        verdict="same",
        decided_at=str(AS_OF + timedelta(seconds=1)),
    ).finish()
    assert said == MERGES
    one, other = largest_accounts(installed)
    judged = ("--by", "Dana", "--reason", "a mistake", "--as-of")
    as_of = str(AS_OF + timedelta(seconds=1))
    # Lets what was said of people take effect as well.
    joined = installed.command("accounts", "join", one, other, *judged, as_of)
    assert joined.exit_code == 0, joined.err + joined.out
    assert_whole(installed)
    assert len(installed.query(f"from identity.accounts where account_id in {one, other}")) == 1
    resolved = dict(
        installed.query(
            "select lead_id, related_lead_id from identity.lead_crosswalk "
            "where relation = 'merged_into'"
        )
    )
    living = {row[0] for row in installed.query("select lead_id from identity.leads")}
    assert len(resolved) == MERGES
    assert set(resolved) == issued - living
    assert set(resolved.values()) <= living

    as_of = str(AS_OF + timedelta(seconds=2))
    undone = installed.command("merges", "undo", "--rule", "verdict", *judged, as_of)
    assert undone.exit_code == 0, undone.err + undone.out
    assert_whole(installed)
    [(retired,)] = installed.query("select account_id from identity.account_crosswalk "
                                   "where relation = 'merged_into'")  # fmt: skip
    as_of = str(AS_OF + timedelta(seconds=3))
    parted = installed.command("accounts", "undo", retired, *judged, as_of)
    assert parted.exit_code == 0, parted.err + parted.out
    assert_whole(installed)
    after = state(installed)
    assert sorted(after) == sorted(before)
    for table, rows in before.items():
        assert after[table] == rows, table
    audited = installed.query(
        "select action, count(*) from governance.audit_log where actor = 'Dana' group by all"
    )
    assert dict(audited) == {
        "judge_pair": MERGES, "undo_merge": MERGES,
        "join_accounts": 1, "undo_account_merge": 1,
    }  # fmt: skip


@pytest.mark.timeout(1_800)
def test_an_undo_killed_before_its_job_is_finished_by_its_repeat(installed: Installation) -> None:
    # What it had said stood already: the repeat found nothing new, and stopped there.
    pair = strangers(installed, MERGES + 1)[-1]
    judged = ("--by", "Dana", "--reason", "a trial")
    as_of = AS_OF + timedelta(seconds=10)
    installed.start("judge_pairs", pairs=[pair], verdict="same", decided_at=str(as_of)).finish()
    installed.run(job="apply_verdicts", as_of=as_of)
    [(retired,)] = installed.query(
        "select lead_id from identity.lead_crosswalk where relation = 'merged_into' "
        f"and merged_at >= timestamp '{as_of}'"
    )
    undo = ("merges", "undo", retired, *judged, "--as-of", str(as_of + timedelta(seconds=1)))
    killed = installed.start("run_command", argv=list(undo))
    releases = "select count(*) from governance.releases where label = 'verdicts'"
    said = installed.scalar(releases)
    while installed.scalar(releases) == said:
        assert killed.is_running, killed.printed("err")
        time.sleep(0.02)
    assert killed.kill_after(0)
    parted = f"select count(*) from identity.leads where lead_id = '{retired}'"
    assert installed.scalar(parted) == 0, "said, and without effect yet"

    repeated = installed.command(*undo)
    assert repeated.exit_code == 0, repeated.err + repeated.out
    assert "Finishing that" in repeated.out
    assert installed.scalar(parted) == 1
    assert_whole(installed)
    again = installed.command(*undo)
    assert again.exit_code == 1, "undone for good, there is nothing left to undo"


def largest_accounts(installation: Installation) -> list[str]:
    """Two accounts with leads of reps."""
    rows = installation.query(
        "select l.account_id from identity.leads as l join routing.assignments as a "
        "on a.lead_id = l.lead_id where a.destination_kind = 'rep' and l.account_id is not null "
        "group by all order by count(*) desc, l.account_id limit 2"
    )
    return [account_id for (account_id,) in rows]


def strangers(installation: Installation, count: int) -> list[tuple[str, str]]:
    """Pairs of submissions of leads that have nothing to do with each other, owned and queued."""
    rows: list[Any] = installation.query(
        """
        select min_by(m.submission_id, s.received_seq), any_value(a.destination_kind)
        from identity.lead_members as m
        join capture.submissions as s using (submission_id)
        join routing.assignments as a on a.lead_id = m.lead_id
        group by m.lead_id order by md5(m.lead_id)
        """
    )
    names = [name for name, _ in rows[: 2 * count]]
    assert len(names) == 2 * count
    assert {kind for _, kind in rows[: 2 * count]} == {"rep", "queue"}
    return list(zip(names[::2], names[1::2], strict=True))
