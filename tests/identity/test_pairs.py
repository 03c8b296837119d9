import hashlib
import json
import math

import pytest

from lead_platform.identity.engine.specification import LinkageSpecification
from lead_platform.identity.leads.members import resolve_leads
from tests.identity.lead_world import (
    MODEL,
    SPECIFICATION,
    empty_lake,
    groups,
    receive,
    resolve,
    resolved,
    submission,
    table,
)


def only_pair(*rows):
    lake = resolved(*rows)
    [pair] = lake.execute("from identity.match_pairs").df().to_dict("records")
    return pair


def test_parts_explain_the_weight_without_values():
    pair = only_pair(
        submission(1, email="jane@acme.com", first_name="Jane", last_name="Roe", city="Berlin"),
        submission(2, email="jane@acme.com", first_name="Jane", last_name="Fox", city="Berlin"),
    )
    parts = {part["comparison"]: part for part in json.loads(pair["parts"])}
    assert {name: part["level"] for name, part in parts.items()} == {
        "first_name": "same", "last_name": "different", "email": "same", "phone": "missing",
        "linkedin": "missing", "company": "same_domain", "place": "same_city",
        "job_title": "missing",
    }  # fmt: skip
    assert "acme" not in pair["parts"]
    total = sum(part["weight"] for part in parts.values())
    prior = math.log2(MODEL.prior / (1 - MODEL.prior))
    assert pair["match_weight"] == pytest.approx(prior + total, abs=0.01)


@pytest.mark.parametrize(
    ("left", "right", "decision", "reason"),
    [
        ({"first_name": "Jane", "last_name": "Roe"}, {"first_name": "Tom", "last_name": "Roe"},
         "cannot_link", "mailbox_of_two_people"),
        ({"first_name": "Jane", "last_name": "Roe"}, {"first_name": "Tom", "last_name": "Fox"},
         "cannot_link", "another_person"),
    ],
)  # fmt: skip
def test_guards_hold_back_one_mailbox_with_two_people(left, right, decision, reason):
    pair = only_pair(
        submission(1, email="the.roes@gmail.com", **left),
        submission(2, email="the.roes@gmail.com", **right),
    )
    assert pair["decision"] == decision
    assert pair["reason"].startswith(reason + ":")


def test_a_pair_is_kept_once_with_its_strongest_rule():
    same = {"source_system": "crm", "source_person_id": "7", "phone": "+12025550100",
            "email": "jane@acme.com", "first_name": "Jane", "last_name": "Roe"}  # fmt: skip
    pair = only_pair(submission(1, **same), submission(2, **same, city="Berlin"))
    assert pair["rule"] == "source_person_id"


def crowd(count):
    """People of different names who share one placeholder phone."""
    return [
        submission(i, phone="+12025550100", first_name=name(i), last_name=name(count + i))
        for i in range(1, count + 1)
    ]


def name(number: int) -> str:
    """A name unlike any other: letters of a checksum."""
    digest = hashlib.sha256(str(number).encode()).hexdigest()[:10]
    return digest.translate(str.maketrans("0123456789", "ghijklmnop")).title()


def test_a_key_shared_by_many_is_bounded():
    lake = empty_lake()
    receive(lake, crowd(400))
    summary = resolve(lake)
    window = SPECIFICATION.blocking.window
    assert summary.bounded_keys >= 1
    assert summary.candidates <= 400 * window
    assert len(groups(lake)) == 400


def test_bounding_does_not_depend_on_slices():
    narrow = SPECIFICATION.model_copy(
        update={"blocking": SPECIFICATION.blocking.model_copy(update={"window": 3})}
    )
    rows = [
        submission(i, phone="+12025550100", first_name="Jane", last_name="Roe", city=f"Town {i}")
        for i in range(1, 13)
    ]
    found = []
    for size in (12, 5, 1):
        lake = empty_lake()
        for start in range(0, 12, size):
            receive(lake, rows[start : start + size])
            run(lake, narrow)
        found.append((table(lake, "match_pairs"), table(lake, "lead_members")))
    assert found[0] == found[1] == found[2]
    assert len(found[0][0]) == sum(12 - place for place in (1, 2, 3))


def run(lake, specification: LinkageSpecification) -> None:
    from tests.identity.lead_world import DECIDED_AT

    resolve_leads(
        lake, model=MODEL, specification=specification, decided_at=DECIDED_AT, run_id="run"
    )
