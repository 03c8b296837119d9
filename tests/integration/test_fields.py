"""A field of one's own: from a line in config/fields.yaml to the lead's page, and taken away."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.integration.conftest import Install
from tests.integration.installation import PROJECT, Installation

FIELDS = """fields:
  - {name: service_line, type: text, kind: preference, wins: last_touch, scorable: true, routable: true, values: [Heating, Plumbing], label: Service line}
  - {name: deal_size, type: amount, kind: profile, wins: newest, scorable: true, routable: true, label: Deal size}
  - {name: customer_number, type: text, kind: profile, wins: fullest, searchable: true, personal: true, label: Customer number}
"""  # noqa: E501
CHANNEL = """name: enquiries
description: Enquiries of the call centre, a row each.
format: csv
record_id: id
formats: ['%d.%m.%Y']
numbers: {decimal: ',', thousands: '.'}
emits:
  - kind: submission
    fields:
      submitted_at: date
      full_name: name
      email: email
"""
MAPPED = """      service_line: service
      deal_size: {column: deal size}
      customer_number: customer
"""
SCORED = """  - id: large_deal
    part: fit
    field: deal_size
    at_least: 10000
    points: 12
    reason: The deal is large
  - id: no_service_line
    part: fit
    field: service_line
    is_missing: true
    points: -1
    reason: Does not say which service it wants
"""
ROUTED = """  - id: heating
    description: Large heating jobs go to the one who knows heating.
    when:
      - {field: service_line, operator: equals, value: Heating}
      - {field: deal_size, operator: at_least, value: 10000}
    pool: {reps: [ana.costa]}

"""
HEADER = "id,date,name,email,service,deal size,customer"
MARA = 'e1,01.06.2026,Mara Lindt,mara@lindt.example,  HEATING ,"€ 12.500,50",C-77'
ODO = "e2,02.06.2026,Odo Berg,odo@berg.example,gardening,much,"
MARA_AGAIN = 'e3,05.06.2026,Mara Lindt,mara@lindt.example,plumbing,"8.000",'


class House:
    """A configuration that RevOps edits, and an installation that works by it."""

    def __init__(self, config: Path, installation: Installation) -> None:
        self.config = config
        self.installation = installation

    def write(self, file: str, text: str) -> None:
        (self.config / file).write_text(text, encoding="utf-8")

    def insert(self, file: str, mark: str, text: str) -> None:
        """Puts lines behind the first line that is `mark`."""
        whole = (self.config / file).read_text(encoding="utf-8")
        assert f"{mark}\n" in whole
        self.write(file, whole.replace(f"{mark}\n", f"{mark}\n{text}", 1))

    def put_back(self, *files: str) -> None:
        for file in files:
            shutil.copy(PROJECT / "config" / file, self.config / file)

    def take_in(self, name: str, rows: Iterable[str]) -> None:
        path = self.installation.settings.inbox / "enquiries" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        self.installation.run()

    def faults(self) -> str:
        checked = self.installation.command("config", "check")
        assert checked.exit_code == 1, checked.out
        return " ".join((checked.out + checked.err).split())

    def custom(self, table: str, email: str = "mara@lindt.example") -> dict[str, object]:
        """What the newest row of a table with this mailbox says in its custom fields."""
        order = "received_seq" if "submissions" in table else "lead_id"
        rows = self.installation.query(
            f"select custom_fields from {table} where email = '{email}' order by {order} desc"
        )
        return dict(json.loads(rows[0][0] or "{}"))


@pytest.fixture(scope="module")
def house(install: Install, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house with three fields of its own, and the first two enquiries."""
    config = tmp_path_factory.mktemp("fields") / "config"
    shutil.copytree(PROJECT / "config", config)
    house = House(config, install("fields", config_dir=config))
    house.write("fields.yaml", FIELDS)
    house.write("channels/enquiries.yaml", CHANNEL + MAPPED)
    house.insert("scorecard.yaml", "explicit:", SCORED)
    house.insert("routing.yaml", "rules:", ROUTED)
    checked = house.installation.command("config", "check")
    assert checked.exit_code == 0, checked.out + checked.err
    house.take_in("first", [MARA, ODO])
    return house


def test_it_is_mapped_typed_scored_routed_and_shown(house: House) -> None:
    said = {"service_line": "Heating", "deal_size": 12500.5, "customer_number": "C-77"}
    for table in (
        "capture.submissions", "identity.normalized_submissions", "identity.leads",
        "enrichment.lead_profiles",
    ):  # fmt: skip
        assert house.custom(table) == said, table
    mara = "select lead_id from identity.leads where email = 'mara@lindt.example'"
    points = house.installation.query(
        f"select rule_id, points, evidence from scoring.score_contributions "
        f"where lead_id = ({mara}) and rule_id in ('large_deal', 'no_service_line')"
    )
    assert points == [("large_deal", 12.0, "deal_size = 12500.5")]
    assigned = "select owner_rep_id, rule, explanation from routing.assignments"
    [(rep, rule, told)] = house.installation.query(f"{assigned} where lead_id = ({mara})")
    assert (rep, rule) == ("ana.costa", "heating")
    assert "service line is Heating and deal size is 12,500.5" in told
    page = house.installation.command("lead", "C-77")
    assert page.exit_code == 0, page.err
    [line] = [line for line in page.out.splitlines() if line.strip().startswith("deal_size")]
    assert line.split()[:2] == ["deal_size", "12,500.5"]
    assert "sub_" in line
    assert "stated last, 2026-06-01" in line


def test_a_bad_value_costs_its_field_and_says_why(house: House) -> None:
    assert house.custom("capture.submissions", "odo@berg.example") == {}
    issues = house.installation.scalar(
        "select issues from capture.submissions where email = 'odo@berg.example'"
    )
    told = {issue["field"]: issue["reason"] for issue in json.loads(issues)}
    assert told["service_line"].startswith(
        "not readable: 'gardening' is none of Heating, Plumbing; map it with `values`"
    )
    assert "'much'" in told["deal_size"]
    fired = house.installation.query(
        "select rule_id from scoring.score_contributions as c join identity.leads as l "
        "using (lead_id) where l.email = 'odo@berg.example' and rule_id = 'no_service_line'"
    )
    assert fired == [("no_service_line",)]


def test_channels_check_and_guess_know_it(house: House, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text(f"{HEADER}\n{MARA}\n", encoding="utf-8")
    shown = house.installation.command("channels", "check", "enquiries", str(file))
    assert "12500.5" in shown.out, shown.err
    assert "service_line" in shown.out
    file.write_text("Name,Email,Service line,Deal size\nA B,a@b.example,heating,5\n")
    guessed = house.installation.command("channels", "guess", str(file))
    assert "service_line: {column: Service line}" in guessed.out, guessed.err
    assert "deal_size: {column: Deal size}" in guessed.out


def test_what_wins_is_told_by_its_line(house: House) -> None:
    """Of the last inquiry, stated last, and the only one that says it."""
    house.take_in("second", [MARA_AGAIN])
    said = {"service_line": "Plumbing", "deal_size": 8000, "customer_number": "C-77"}
    assert house.custom("enrichment.lead_profiles") == said
    sources = house.installation.scalar(
        "select field_sources from identity.leads where email = 'mara@lindt.example'"
    )
    first, second = house.installation.query(
        "select submission_id from capture.submissions where email = 'mara@lindt.example' "
        "order by received_seq"
    )
    found = {name: json.loads(sources)[name] for name in said}
    assert found == {
        "service_line": second[0], "deal_size": second[0], "customer_number": first[0],
    }  # fmt: skip


def test_a_closed_deal_is_scored_by_what_it_said_then(house: House) -> None:
    """Closed between the two enquiries, when the deal was still large."""
    deals = house.installation.settings.inbox / "crm_outcomes" / "deals.csv"
    deals.parent.mkdir(exist_ok=True)
    deals.write_text(
        "outcome_id,type,occurred_at,email\no1,closed_won,2026-06-03,mara@lindt.example\n",
        encoding="utf-8",
    )
    house.installation.run()
    house.installation.run(job="audit_drift")
    then, now = house.installation.query(
        "select closed.fit, scores.fit from scoring.closed_deal_scores as closed "
        "join scoring.lead_scores as scores on split_part(closed.deal_id, '/', 1) = scores.lead_id"
    )[0]
    assert then - now == 12


def test_its_type_stays_while_it_holds_values(house: House) -> None:
    house.write("fields.yaml", FIELDS.replace("deal_size, type: amount", "deal_size, type: truth"))
    told = house.faults()
    house.write("fields.yaml", FIELDS)
    assert "fields.yaml:3: fields.1.type: 2 submissions hold deal_size as another type" in told


def test_taken_away_it_keeps_its_history_and_nothing_fails(house: House) -> None:
    before = house.custom("capture.submissions")
    house.write("fields.yaml", "fields: []\n")
    told = house.faults()
    for file, what in (
        ("enquiries.yaml:13:", "'service_line' is no canonical field"),
        ("scorecard.yaml:", "unknown field 'deal_size'"),
        ("routing.yaml:", "unknown field 'service_line'"),
    ):
        assert file in told
        assert what in told
    house.put_back("scorecard.yaml", "routing.yaml")
    house.write("channels/enquiries.yaml", CHANNEL)
    assert house.installation.command("config", "check").exit_code == 0
    house.take_in("third", ["e4,07.06.2026,Mara Lindt,mara@lindt.example,,,"])
    assert house.installation.query(
        "select custom_fields from capture.submissions where custom_fields is not null "
        "order by received_seq desc limit 1"
    ) == [(json.dumps(before, separators=(",", ":"), sort_keys=True),)]
    page = house.installation.command("lead", "mara@lindt.example")
    assert page.exit_code == 0
    assert "service_line" not in page.out
