"""The full scan on small lakes: what it finds, what it leaves alone, what people make of it."""

from dataclasses import replace

import pytest

from lead_platform.cli.pages.items import item_rows
from lead_platform.cli.pages.pairs import compare_review
from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.engine.specification import LinkageSpecification
from lead_platform.identity.judgement.queue import list_items
from lead_platform.identity.judgement.verdicts import (
    Act,
    Verdict,
    ordered,
    plan_withdrawal,
    record_verdicts,
)
from lead_platform.identity.leads.reversal import plan_dismissal, plan_review
from lead_platform.identity.scan import ScanSummary, scan_base, write_findings
from tests.identity.lead_world import (
    DECIDED_AT,
    MODEL,
    SPECIFICATION,
    groups,
    lead_id_of,
    receive,
    resolve,
    resolved,
    submission,
    table,
)

# One name at companies spelled differently: nothing that new records are compared by is the same.
JANE = {"first_name": "Jane", "last_name": "Roebuck", "country": "DE"}
HERE = {**JANE, "email": "jane.roebuck@gmail.com", "company_key": "acme robotics"}
THERE = {**JANE, "email": "j.roebuck@acme.com", "company_key": "acme robotic"}

# One person by phone and name, in three records.
PAT = {"first_name": "Patricia", "last_name": "Okonkwo", "phone": "+12025550111"}
CHAIN = (
    submission(1, **PAT, email="pat@gmail.com", city="Berlin", country="DE"),
    submission(2, **PAT, email="okonkwo@web.de", city="Berlin", country="DE"),
)


def lake_of(*rows):
    """All rows in one load, with the audit log a scan writes to."""
    return resolved(*rows)


def scan(
    lake,
    specification: LinkageSpecification = SPECIFICATION,
    model: MatchModel = MODEL,
    run: str = "scan",
    between=lambda: None,
) -> ScanSummary:
    findings = scan_base(lake, specification, model)
    between()
    return write_findings(
        lake,
        findings,
        specification.scan,
        specification_version="0" * 12,
        scanned_at=DECIDED_AT,
        run_id=run,
    )


def with_thresholds(merge: float) -> LinkageSpecification:
    thresholds = SPECIFICATION.thresholds.model_copy(update={"merge": merge})
    return SPECIFICATION.model_copy(update={"thresholds": thresholds})


# Patricia's pair is worth 0.9999…; nothing but equal keys merges here.
STRICT = with_thresholds(0.9999999)


def say(lake, review: str, verdict: str) -> None:
    act = Act("judge_pair", "match_review", review, "review", "looked", "Dana", DECIDED_AT)
    record_verdicts(lake, [(act, plan_review(lake, review, verdict, SPECIFICATION))])
    resolve(lake, "after")


def waiting(lake) -> list[dict]:
    return item_rows(lake, list_items(lake))


def test_what_no_daily_key_brings_together_goes_to_a_person_and_is_not_merged():
    lake = lake_of(submission(1, **HERE), submission(2, **THERE))
    assert table(lake, "match_pairs") == []
    found = scan(lake)
    assert found == ScanSummary(1, 0, 0, 0, 0)
    [review] = waiting(lake)
    assert review["reason"].startswith("found by the full scan, by name_country; ")
    [(decision, rule)] = lake.execute("select decision, rule from identity.match_pairs").fetchall()
    assert (decision, rule) == ("review", "name_country")
    resolve(lake, "next")
    assert len(groups(lake)) == 2
    assert lake.execute(
        "select workflow, action, subject_id, rule_version, run_id from governance.audit_log"
    ).fetchall() == [("identity_scan", "open_review", review["review_id"], MODEL.version, "scan")]
    say(lake, review["review_id"], "same")
    assert len(groups(lake)) == 1
    assert waiting(lake) == []


def test_a_lead_that_holds_more_than_a_limit_by_now_is_proposed_to_be_split():
    pat = {**PAT, "city": "Berlin", "country": "DE"}
    lake = lake_of(
        submission(1, **pat, email="patricia.okonkwo@acme.com"),
        submission(2, **pat, email="okonkwo.p@acme.com"),
    )
    assert len(groups(lake)) == 1
    assert scan(lake).splits_proposed == 0
    limits = tuple(
        limit.model_copy(update={"at_most": 1}) for limit in SPECIFICATION.clustering.limits
    )
    clustering = SPECIFICATION.clustering.model_copy(update={"limits": limits})
    one_mailbox = SPECIFICATION.model_copy(update={"clustering": clustering})
    assert scan(lake, one_mailbox, run="limits").splits_proposed == 1
    [review] = waiting(lake)
    assert "over 1 different values of mailbox within one work domain" in review["reason"]


def test_a_second_scan_finds_nothing_new_whatever_was_said():
    lake = lake_of(submission(1, **HERE), submission(2, **THERE))
    scan(lake)
    before = {name: table(lake, name) for name in ("match_pairs", "match_reviews", "split_parts")}
    assert scan(lake, run="again") == ScanSummary(0, 0, 0, 0, 0)
    assert {name: table(lake, name) for name in before} == before
    [review] = waiting(lake)
    for verdict in ("unsure", "different"):
        say(lake, review["review_id"], verdict)
        assert scan(lake, run=verdict) == ScanSummary(0, 0, 0, 0, 0)
        assert waiting(lake) == []
    assert len(table(lake, "scans")) == 4


def test_one_pair_is_asked_of_two_leads_and_the_likeliest_first_up_to_the_limit():
    other = {**JANE, "first_name": "Georgette"}
    lake = lake_of(
        submission(1, **HERE),
        submission(2, **HERE, city="Berlin"),
        submission(3, **THERE),
        submission(4, **{**other, "email": "gigi@gmail.com", "company_key": "blue harbour"}),
        submission(5, **{**other, "email": "ge@blue.com", "company_key": "blue harbor"}),
    )
    assert len(groups(lake)) == 4
    narrow = SPECIFICATION.scan.model_copy(update={"new_reviews": 1})
    limited = SPECIFICATION.model_copy(update={"scan": narrow})
    assert scan(lake, limited) == ScanSummary(1, 1, 0, 0, 0)
    [first] = waiting(lake)
    assert scan(lake, limited, run="next") == ScanSummary(1, 0, 0, 0, 0)
    assert waiting(lake)[0] == first


def test_what_changes_between_looking_and_writing_is_tolerated():
    lake = lake_of(submission(1, **HERE), submission(2, **THERE))

    def joined():
        receive(lake, [submission(3, **JANE, email=HERE["email"], source_system="crm",
                                  source_person_id="7"),
                       submission(4, **JANE, email=THERE["email"], source_system="crm",
                                  source_person_id="7")])  # fmt: skip
        resolve(lake, "meanwhile")

    assert scan(lake, between=joined) == ScanSummary(0, 0, 0, 0, 0)
    assert len(groups(lake)) == 1
    assert waiting(lake) == []


def test_a_lead_that_would_split_is_proposed_and_different_takes_it_apart():
    lake = lake_of(*CHAIN)
    assert len(groups(lake)) == 1
    assert scan(lake) == ScanSummary(0, 0, 0, 0, 0)
    assert scan(lake, STRICT) == ScanSummary(0, 0, 1, 0, 0)
    assert len(groups(lake)) == 1
    [review] = waiting(lake)
    assert review["asks"] == "split?"
    assert "would take this lead apart; merged by phone_last_name" in review["reason"]
    view = compare_review(lake, review["review_id"])
    assert view.names == ("part 1", "part 2")
    assert [side["email"] for side in view.sides] == ["pat@gmail.com", "okonkwo@web.de"]
    resolve(lake, "next")
    assert scan(lake, STRICT, run="again") == ScanSummary(0, 0, 0, 0, 0)
    say(lake, review["review_id"], "different")
    assert groups(lake) == {frozenset({"sub_0001"}), frozenset({"sub_0002"})}
    assert waiting(lake) == []
    assert scan(lake, run="after") == ScanSummary(0, 0, 0, 0, 0)


@pytest.mark.parametrize("verdict", ["same", "unsure"])
def test_a_lead_that_a_person_keeps_is_not_proposed_again(verdict):
    lake = lake_of(*CHAIN)
    scan(lake, STRICT)
    say(lake, waiting(lake)[0]["review_id"], verdict)
    assert scan(lake, STRICT, run="again") == ScanSummary(0, 0, 0, 0, 0)
    assert waiting(lake) == []
    assert len(groups(lake)) == 1


def test_a_proposal_goes_when_the_lead_hangs_together_again_and_comes_back():
    lake = lake_of(*CHAIN)
    scan(lake, STRICT)
    assert scan(lake, run="healed") == ScanSummary(0, 0, 0, 0, 1)
    assert waiting(lake) == []
    assert scan(lake, STRICT, run="torn again") == ScanSummary(0, 0, 1, 0, 0)
    assert len(waiting(lake)) == 1


def test_three_parts_are_judged_in_one():
    third = submission(3, **PAT, email="p.okonkwo@aol.com", city="Berlin", country="DE")
    for verdict, leads in (("different", 3), ("same", 1)):
        lake = lake_of(*CHAIN, third)
        scan(lake, STRICT)
        [review] = waiting(lake)
        assert len(compare_review(lake, review["review_id"]).sides) == 3
        say(lake, review["review_id"], verdict)
        assert len(groups(lake)) == leads
        assert scan(lake, STRICT, run="again") == ScanSummary(0, 0, 0, 0, 0)


def test_a_part_that_another_held_together_stays_one_when_that_leaves():
    """Sub 1 and 3 have no key in common, only with sub 2, which is taken out."""
    keys = {"source_system": "crm", "source_person_id": "7"}
    lake = lake_of(
        submission(1, **JANE, email="jane.roebuck@gmail.com"),
        submission(2, **JANE, email="jane.roebuck@gmail.com", **keys),
        submission(3, **JANE, **keys),
    )
    records = dict(
        lake.execute("select submission_id, match_record_id from identity.lead_members").fetchall()
    )
    review = "rev_" + "0" * 24
    lake.execute(
        "insert into identity.match_reviews values (?, ?, ?, 0.5, 'asked', 'open', ?)",
        [review, records["sub_0001"], records["sub_0002"], DECIDED_AT],
    )
    for name, part in (("sub_0001", 1), ("sub_0002", 2), ("sub_0003", 1)):
        lake.execute(
            "insert into identity.split_parts values (?, ?, ?)", [review, records[name], part]
        )
    say(lake, review, "different")
    assert groups(lake) == {frozenset({"sub_0001", "sub_0003"}), frozenset({"sub_0002"})}


def test_a_key_that_a_later_submission_of_a_record_brought_still_holds():
    row = submission(2, **PAT, email="okonkwo@web.de")
    lake = lake_of(
        submission(1, email="pat@gmail.com", source_system="crm", source_person_id="7"),
        row,
    )
    again = submission(3, **PAT, email="okonkwo@web.de", source_system="crm", source_person_id="7")
    receive(lake, [{**again, "match_record_id": row["match_record_id"]}])
    resolve(lake, "later")
    assert len(groups(lake)) == 1
    assert scan(lake, STRICT) == ScanSummary(0, 0, 0, 0, 0)


def test_a_lead_that_waits_to_be_parted_is_not_proposed():
    lake = lake_of(*CHAIN)
    act = Act("split_lead", "lead", lead_id_of(1), "split", "two", "Dana", DECIDED_AT)
    verdict = Verdict(ordered("sub_0001", "sub_0002"), "different")
    record_verdicts(lake, [(act, [verdict])])
    assert scan(lake, STRICT) == ScanSummary(0, 0, 0, 0, 0)


def test_what_a_scan_found_is_dismissed_as_a_whole_and_comes_back():
    lake = lake_of(submission(3, **HERE), submission(4, **THERE), *CHAIN)
    assert scan(lake, STRICT, run="0123") == ScanSummary(1, 0, 1, 0, 0)
    act = Act("dismiss_reviews", "run", "0123", "review", "a bad model", "Dana", DECIDED_AT)
    [act_id] = record_verdicts(lake, [(act, plan_dismissal(lake, "01", SPECIFICATION))])
    assert waiting(lake) == []
    with pytest.raises(ValueError, match="Nothing waits that a scan '01' has found"):
        plan_dismissal(lake, "01", SPECIFICATION)
    back = replace(act, action="withdraw_verdict")
    record_verdicts(lake, [(back, plan_withdrawal(lake, act_id))])
    assert len(waiting(lake)) == 2
