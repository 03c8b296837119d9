"""One bad row costs itself: in a batch with one bad row for each layer's tables, the others go
through, the next batch runs, and what people release comes back. A failing table refuses all.

Each bad row is a person of its own, whom a stricter suite forbids in one table, so the real gate
refuses it.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Install
from tests.integration.installation import (
    AS_OF,
    PROJECT,
    Installation,
    differences,
    files_by_slice,
    make_world,
)
from tests.integration.strangers import Stranger, event_line, form_line

# The life without bad rows serves both profiles.
pytestmark = pytest.mark.xdist_group("test_poison")

Slices = list[list[tuple[Path, str]]]
BY = ("--by", "Dana", "--reason", "corrected", "--as-of", AS_OF.isoformat())


@dataclass(frozen=True)
class Poison(Stranger):
    """Who is bad in which column of which table, and what the step that writes it leaves out."""

    table: str
    step: str
    column: str
    subject_type: str = "lead"


# Nobody here is like anybody else.
POISONS = (
    Poison("Petra Quill", "Kestrel", "capture.submissions", "intake", "email", "submission"),
    Poison("Olav Thorsen", "Bramblegate", "capture.events", "intake", "email", "event"),
    Poison(
        "Yasmin Haddad", "Zephyrine", "identity.normalized_submissions", "normalize", "email",
        "submission",
    ),
    Poison(
        "Bruno Castellani", "Molinaro", "identity.lead_members", "resolve", "lead_id", "submission"
    ),
    Poison(
        "Ingrid Vestergaard", "Fjordline", "identity.lead_versions", "resolve", "lead_id",
        "submission",
    ),
    Poison(
        "Dmitri Kovalenko", "Uraltrans", "identity.accounts", "resolve", "company_domain",
        "submission",
    ),
    Poison(
        "Chidi Okafor", "Lagosware", "identity.account_members", "resolve", "company_domain",
        "submission",
    ),
    Poison("Wei Zhang", "Pearlriver", "identity.lead_events", "resolve", "campaign", "event"),
    Poison("Aoife Gallagher", "Shannonside", "identity.leads", "golden_records", "email"),
    Poison("Rajiv Menon", "Coromandel", "enrichment.enrichment_results", "enrich", "lead_id"),
    Poison("Lucie Dubois", "Garonnaise", "enrichment.lead_profiles", "profiles", "email"),
    Poison("Hugo Almeida", "Tagusport", "scoring.lead_features", "scores", "lead_id"),
    Poison("Noor Jansen", "Veluwehout", "scoring.score_contributions", "scores", "lead_id"),
    Poison("Stellan Bergqvist", "Malarstal", "scoring.lead_scores", "scores", "lead_id"),
    Poison("Fatima Zerhouni", "Atlascuir", "routing.routing_decisions", "route", "lead_id"),
    Poison("Gideon Marsh", "Wolds", "routing.assignments", "route", "lead_id"),
)  # fmt: skip
# Whose lead is in which state while the bad row is held.
WITHOUT_LEAD = {"intake", "normalize", "resolve"}
EXPECTATION = "expect_column_values_to_not_be_in_set"


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> Slices:
    """A world in three slices; all the bad rows are in the second."""
    folder = tmp_path_factory.mktemp("world")
    make_world(folder, slices=3, seed=17, submissions=90, events_per_person=1.0)
    first, second, third = files_by_slice(folder)
    forms = folder / "inbox" / "web_form" / "poisoned-02.jsonl"
    forms.write_text("".join(map(form_line, POISONS)), encoding="utf-8")
    events = folder / "inbox" / "web_events" / "poisoned-02.jsonl"
    events.write_text("".join(map(event_line, POISONS)), encoding="utf-8")
    return [first, [*second, (forms, "web_form"), (events, "web_events")], third]


@pytest.fixture(scope="module")
def healthy(embedded_install: Install, slices: Slices) -> Installation:
    """The life without bad rows, the same on either profile."""
    installation = embedded_install("healthy")
    installation.run_all(slices)
    return installation


@pytest.fixture(scope="module")
def lead_ids(healthy: Installation) -> dict[str, str]:
    """The leads of the bad rows by their address, as a life without them names them."""
    return dict(healthy.query("select email, lead_id from identity.leads"))


@pytest.fixture(scope="module")
def strict_suites(lead_ids: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suites, each with one more expectation: its bad row is not in the table."""
    suites = tmp_path_factory.mktemp("strict") / "expectations"
    shutil.copytree(PROJECT / "expectations", suites)
    for poison in POISONS:
        values = {
            "email": poison.email,
            "lead_id": lead_ids[poison.email],
            "company_domain": poison.domain,
            "campaign": poison.domain,
        }
        _expect(suites, poison.table, poison.column, values[poison.column])
    return suites


def _expect(suites: Path, table: str, column: str, value: str, **more: Any) -> None:
    path = suites / f"{table.replace('.', '/')}.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    suite["expectations"].append(
        {"type": EXPECTATION, "kwargs": {"column": column, "value_set": [value]}, **more}
    )
    path.write_text(json.dumps(suite), encoding="utf-8")


@pytest.fixture(scope="module")
def poisoned(install: Install, slices: Slices, strict_suites: Path) -> Installation:
    """An installation under the strict suites after the batch with the bad rows."""
    installation = install("poisoned", expectations_dir=strict_suites)
    installation.run_all(slices[:2])
    return installation


@dataclass(frozen=True)
class Next:
    """What was held before the batch that follows the bad rows, and how its run came out."""

    held_before: dict[str, tuple[str, ...]]
    outcome: dict[str, Any]


@pytest.fixture(scope="module")
def next_batch(poisoned: Installation, slices: Slices) -> Next:
    """The batch after it, taken in as well."""
    return Next(held(poisoned), poisoned.run(files=slices[2]))


@pytest.fixture(scope="module")
def under(poisoned: Installation) -> Callable[[Path], Installation]:
    """The same installation under other suites."""

    def other(suites: Path) -> Installation:
        poisoned.settings = poisoned.settings.model_copy(update={"expectations_dir": suites})
        return poisoned

    return other


def held(installation: Installation) -> dict[str, tuple[str, ...]]:
    """What is held: by table, the step, the type of what it leaves out, and why."""
    rows = installation.query(
        "select table_name, step, subject_type, expectation from governance.quarantine "
        "where state = 'held' order by all"
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def entry_of(installation: Installation, table: str) -> str:
    """The newest entry of a table's bad row."""
    return str(
        installation.scalar(
            "select max_by(quarantine_id, held_at) from governance.quarantine "
            f"where table_name = '{table}'"
        )
    )


def test_each_bad_row_is_set_aside_by_its_step_with_its_reason(poisoned: Installation) -> None:
    expected = {one.table: (one.step, one.subject_type, EXPECTATION) for one in POISONS}
    assert held(poisoned) == expected
    refused = "select count(*) from governance.releases where status = 'refused'"
    assert poisoned.scalar(refused) == 0
    kept = poisoned.query(
        "select table_name, offending_count from governance.gate_failures where offending_row <> ''"
    )
    assert dict(kept).keys() == expected.keys()
    # A lead has a row per provider, and per rule of the scorecard.
    several = {"enrichment.enrichment_results", "scoring.score_contributions"}
    assert all(count == 1 for table, count in kept if table not in several)


def test_all_others_go_through(
    poisoned: Installation, healthy: Installation, lead_ids: dict[str, str]
) -> None:
    bad = {lead_ids[one.email]: one for one in POISONS}
    at = healthy.scalar(
        "select max(snapshot_id) from governance.releases where snapshot_id < "
        "(select max(snapshot_id) from governance.releases where label = 'intake')"
    )
    for table, lacking in (
        ("identity.lead_members", WITHOUT_LEAD),
        ("identity.leads", WITHOUT_LEAD | {"golden_records"}),
        ("enrichment.lead_profiles", WITHOUT_LEAD | {"golden_records", "profiles"}),
        ("scoring.lead_scores", WITHOUT_LEAD | {"golden_records", "scores"}),
        ("routing.assignments", WITHOUT_LEAD | {"route"}),
    ):
        query = f"select distinct lead_id from {table}"
        present = {row[0] for row in poisoned.query(query)}
        missing = {row[0] for row in healthy.query(query, at)} - present
        # A lead is there whose bad row is an event alone.
        expected = {
            lead_id
            for lead_id, one in bad.items()
            if one.step in lacking and one.subject_type != "event"
        }
        assert missing == expected, table


def test_nothing_is_lost(poisoned: Installation) -> None:
    checks = poisoned.query(
        "select check_name, expected, actual from governance.data_quality where not passed"
    )
    assert checks == []
    counted = poisoned.query(
        "select sum(records), sum(taken + repeats + rejected), sum(rejected) "
        "from capture.deliveries where file_name = 'poisoned-02.jsonl'"
    )
    assert counted == [(2 * len(POISONS), 2 * len(POISONS), 2)]
    payloads = poisoned.query(
        "select r.payload from governance.quarantine as q "
        "join capture.rejected_records as r on r.rejected_id = q.payload_id"
    )
    assert len(payloads) == 2


def test_a_lead_without_a_score_waits_for_a_person(
    poisoned: Installation, lead_ids: dict[str, str]
) -> None:
    for table in ("identity.leads", "enrichment.lead_profiles", "scoring.lead_scores"):
        [poison] = [one for one in POISONS if one.table == table]
        queued = poisoned.query(
            "select reason from routing.review_queue where lead_id = ?".replace(
                "?", f"'{lead_ids[poison.email]}'"
            )
        )
        assert len(queued) == 1, table


def test_the_next_batch_runs(poisoned: Installation, next_batch: Next) -> None:
    assert held(poisoned) == next_batch.held_before
    checks = poisoned.start("list_checks", run_id=next_batch.outcome["run_id"]).finish()
    told = [check for check in checks if not check["passed"]]
    assert [(check["check"], check["severity"], check["blocking"]) for check in told] == [
        ("quarantine", "WARN", False)
    ]
    assert told[0]["metadata"]["resolve"] == str(sum(one.step == "resolve" for one in POISONS))


def test_what_still_fails_is_set_aside_again(poisoned: Installation) -> None:
    leads, forms = (entry_of(poisoned, name) for name in ("identity.leads", "capture.submissions"))
    released = poisoned.command("quarantine", "release", leads, forms, *BY)
    assert released.exit_code == 0, released.err
    assert released.out.count("set aside again as qua_") == 2
    assert entry_of(poisoned, "identity.leads") != leads
    assert len(held(poisoned)) == len(POISONS)


def test_a_failing_table_refuses_all(
    under: Callable[[Path], Installation],
    strict_suites: Path,
    tmp_path: Path,
) -> None:
    suites = tmp_path / "expectations"
    shutil.copytree(strict_suites, suites)
    path = suites / "capture" / "deliveries.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    suite["expectations"].append(
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "rows_inserted", "max_value": 0},
            "meta": {"on": "table"},
        }
    )
    path.write_text(json.dumps(suite), encoding="utf-8")
    installation = under(suites)
    before = installation.tables()
    late = tmp_path / "late.jsonl"
    late.write_text(form_line(Stranger("Late Comer", "Tardy")), encoding="utf-8")
    outcome = installation.attempt(files=[(late, "web_form")])
    assert not outcome["success"]
    changed = set(differences(before, installation.tables()))
    assert changed == {"governance.gate_failures"}
    under(strict_suites)


@pytest.mark.usefixtures("next_batch")
def test_what_is_released_comes_back(
    under: Callable[[Path], Installation], poisoned: Installation, healthy: Installation
) -> None:
    """Under the shipped suites, what is held is tried by itself; what was discarded waits."""
    discarded = entry_of(poisoned, "scoring.lead_scores")
    assert poisoned.command("quarantine", "discard", discarded, *BY).exit_code == 0
    assert poisoned.command("quarantine", "discard", discarded, *BY).exit_code == 0
    installation = under(PROJECT / "expectations")
    released = installation.command("quarantine", "release", discarded, *BY)
    assert released.exit_code == 0, released.err
    assert "held no more" in released.out
    assert held(installation) == {}
    told = installation.query(
        "select action, actor from governance.audit_log where action like '%quarantine' "
        "order by action"
    )
    # One that is tried again in vain was released before.
    assert told[0] == ("discard_from_quarantine", "Dana")
    assert {*told[1:]} == {("release_from_quarantine", "Dana")}
    changed = differences(healthy.timeless_tables(), installation.timeless_tables())
    # Records that were rejected came back with deliveries and numbers of their own.
    assert set(changed) <= {
        "capture.deliveries",
        "capture.delivery_profiles",
        "capture.events",
        "capture.rejected_records",
        "capture.submissions",
        "governance.audit_log",
        "governance.gate_failures",
        "governance.quarantine",
        "identity.normalized_submissions",
        "identity.account_members",
        "routing.assignments",
        "routing.routing_decisions",
    }, changed
    # Assigned later than the others, and as they are.
    owners = "select * exclude (assigned_seq) from routing.assignments order by lead_id"
    assert installation.query(owners) == healthy.query(owners)


# As many as are no few of a small batch, and as unlike each other as people are.
CROWD = tuple(
    Stranger(name, company)
    for name, company in (
        ("Anselm Brandt", "Nordlicht"), ("Beatriz Novaes", "Caravela"), ("Cormac Daly", "Skellig"),
        ("Dorota Zielinska", "Wisla"), ("Eero Lahtinen", "Saimaa"), ("Farid Mansour", "Cedrat"),
        ("Greta Holm", "Oresund"), ("Hiroshi Tanabe", "Tsubaki"), ("Ilse Peeters", "Schelde"),
        ("Jaime Urrutia", "Maipo"), ("Katya Sokolova", "Angara"), ("Liam Fitzroy", "Burrow"),
        ("Mei Lin Chua", "Kallang"), ("Nils Ekdahl", "Vattern"),
    )
)  # fmt: skip


def test_more_than_few_of_one_batch_stop_nobody(
    embedded_install: Install, slices: Slices, tmp_path: Path
) -> None:
    """All that came with them waited for the next run, or for as many runs as there are steps. The
    light is red as long as they are held: so many are more likely a rule that is wrong."""
    suites = tmp_path / "expectations"
    shutil.copytree(PROJECT / "expectations", suites)
    for stranger in CROWD:
        _expect(suites, "identity.leads", "email", stranger.email)
        _expect(suites, "enrichment.lead_profiles", "email", stranger.email)
    forms = tmp_path / "crowd.jsonl"
    forms.write_text("".join(map(form_line, CROWD)), encoding="utf-8")
    installation = embedded_install("crowd", expectations_dir=suites)
    outcome = installation.run(files=[*slices[0], (forms, "web_form")])
    assert installation.scalar("select count(*) from identity.lead_members") == (
        installation.scalar("select count(*) from identity.normalized_submissions")
    )
    without = "select count(*) from identity.lead_versions anti join {} using (lead_id)"
    for table in ("identity.leads", "enrichment.lead_profiles", "scoring.lead_scores"):
        assert installation.scalar(without.format(table)) == len(CROWD), table
    states = "select step, state, count(*) from governance.quarantine group by all"
    assert installation.query(states) == [("golden_records", "held", len(CROWD))]
    assert (
        installation.query("select check_name from governance.data_quality where not passed") == []
    )
    light = quarantine_light(installation, outcome)
    assert (light["severity"], light["metadata"]["golden_records"]) == ("ERROR", str(len(CROWD)))
    # A person has seen to most of them.
    *most, last = installation.query(
        "select quarantine_id from governance.quarantine order by quarantine_id"
    )
    installation.command("quarantine", "discard", *(one for (one,) in most), *BY)
    outcome = installation.run(files=slices[1])
    assert quarantine_light(installation, outcome)["severity"] == "ERROR"
    installation.command("quarantine", "discard", *last, *BY)
    outcome = installation.run(files=slices[2])
    assert quarantine_light(installation, outcome)["passed"]


def quarantine_light(installation: Installation, outcome: dict[str, Any]) -> dict[str, Any]:
    """What the check `quarantine` told in a run."""
    checks = installation.start("list_checks", run_id=outcome["run_id"]).finish()
    [light] = [check for check in checks if check["check"] == "quarantine"]
    return dict(light)
