"""Undo, split and verdicts on a lake in memory: what people part stays parted."""

import dataclasses
import datetime as dt
import functools
import random

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.demo.normalized_people import generate_people
from lead_platform.identity.judgement.verdicts import (
    Act,
    Verdict,
    VerdictError,
    plan_withdrawal,
    record_verdicts,
)
from lead_platform.identity.leads.reversal import (
    MergeFilter,
    find_merges,
    holding_edges,
    plan_review,
    plan_split,
    plan_undo,
)
from tests.identity.lead_world import (
    DECIDED_AT,
    SPECIFICATION,
    TABLES,
    auditable_lake,
    copied,
    groups,
    insert,
    lead_id_of,
    members,
    receive,
    resolve,
    submission,
    table,
)

JANE = {"first_name": "Jane", "last_name": "Roe"}
LINKEDIN = {"linkedin_url": "https://linkedin.com/in/roe"}
ACT = Act("judge", "lead", "x", "review", "looked at both", "Dana", DECIDED_AT)


def lake_with(*rows):
    """As `resolved`, with a place for the audit log."""
    lake = auditable_lake()
    if rows:
        receive(lake, rows)
        resolve(lake)
    return lake


def say(lake, verdict, *pairs, run="verdict"):
    """A person's word on pairs of submission numbers, taking effect at once."""
    verdicts = [Verdict((f"sub_{a:04d}", f"sub_{b:04d}"), verdict) for a, b in pairs]
    acts = record_verdicts(lake, [(ACT, verdicts)])
    resolve(lake, run)
    return acts


def withdraw(lake, name):
    act = dataclasses.replace(ACT, action="withdraw_verdict", source="withdrawal")
    record_verdicts(lake, [(act, plan_withdrawal(lake, name))])


def undo(lake, **wanted):
    partings = plan_undo(lake, MergeFilter(**wanted), SPECIFICATION)
    acts = [
        (dataclasses.replace(ACT, action="undo_merge", source="undo", subject_id=one.lead_id),
         one.verdicts)
        for one in partings
    ]  # fmt: skip
    record_verdicts(lake, acts)
    resolve(lake, "undo")
    return partings


def ids(*numbers):
    return frozenset(f"sub_{number:04d}" for number in numbers)


def state(lake):
    """Who belongs to whom, and every pair and its decision."""
    return table(lake, "lead_members"), table(lake, "match_pairs")


def three_leads():
    """Leads 1, 2 and 3 of the same name; nothing yet shows that they are one."""
    return copied(three_leads_once())


def bridged():
    """Leads 1 and 2; 3 was merged into 2 by a submission that came later."""
    return copied(bridged_once())


@functools.cache
def three_leads_once():
    return lake_with(
        submission(1, email="jane@acme.com", **JANE),
        submission(2, email="jane77@gmail.com", **JANE),
        submission(3, **LINKEDIN, **JANE),
    )


@functools.cache
def bridged_once():
    lake = three_leads()
    bridge(lake)
    return lake


def bridge(lake, number=4, run="bridge"):
    """A submission that shows leads 2 and 3 to be one."""
    receive(lake, [submission(number, email="jane77@gmail.com", **LINKEDIN, **JANE)])
    resolve(lake, run)


def crosswalk(lake):
    rows = lake.execute(
        "select lead_id, relation, related_lead_id from identity.lead_crosswalk"
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


def test_same_joins_what_nothing_else_joins_and_withdrawing_parts_it_again():
    lake = three_leads()
    before = state(lake)
    [act] = say(lake, "same", (1, 3))
    assert groups(lake) == {ids(1, 3), ids(2)}
    assert crosswalk(lake) == {lead_id_of(3): ("merged_into", lead_id_of(1))}
    withdraw(lake, act)
    resolve(lake, "withdrawn")
    assert state(lake) == before
    assert crosswalk(lake) == {lead_id_of(3): ("split_from", lead_id_of(1))}


def test_undoing_a_retired_lead_gives_it_back_and_later_arrivals_choose_by_evidence():
    crm = {"source_system": "crm", "source_person_id": "7"}
    lake = lake_with(
        submission(1, email="jane@acme.com", **JANE),
        submission(2, email="jane77@gmail.com", **JANE),
        submission(3, **LINKEDIN, **crm, **JANE),
    )
    bridge(lake)
    assert groups(lake) == {ids(1), ids(2, 3, 4)}
    receive(lake, [submission(5, email="roe@web.de", **crm, **JANE)])
    resolve(lake, "later")
    [parting] = undo(lake, name=lead_id_of(3))
    assert groups(lake) == {ids(1), ids(2, 4), ids(3, 5)} or groups(lake) == {
        ids(1), ids(2), ids(3, 4, 5)
    }  # fmt: skip
    assert {lead for lead, _ in parting.becomes} == {lead_id_of(2), lead_id_of(3)}
    assert {frozenset(held) for _, held in parting.becomes} | {ids(1)} == groups(lake)
    assert crosswalk(lake) == {lead_id_of(3): ("split_from", lead_id_of(2))}


def test_a_lead_is_split_from_one_that_retires_in_the_same_run():
    lake = lake_with(
        submission(1, email="jane@acme.com", **JANE),
        submission(2, **LINKEDIN, **JANE),
        submission(3, email="jane77@gmail.com", **LINKEDIN, **JANE),
    )
    assert groups(lake) == {ids(1), ids(2, 3)}
    say(lake, "different", (1, 3))
    say(lake, "same", (1, 2))
    assert groups(lake) == {ids(1, 2), ids(3)}
    assert crosswalk(lake) == {
        lead_id_of(2): ("merged_into", lead_id_of(1)),
        lead_id_of(3): ("split_from", lead_id_of(2)),
    }


@pytest.mark.parametrize("days", [1, 0, -1])
def test_the_last_merge_of_a_lead_is_undone_whatever_the_clock_said(days):
    """Merged, given back and merged again with more, by runs whose clock stood still or went back:
    the two merges were taken for one, or the first for the last."""
    lake = three_leads()
    [act] = say(lake, "same", (2, 3))
    withdraw(lake, act)
    resolve(lake, "withdrawn", decided_at=DECIDED_AT + dt.timedelta(days=days))
    receive(lake, [submission(5, linkedin_url="https://linkedin.com/in/roe", city="Bonn", **JANE)])
    resolve(lake, "grown", decided_at=DECIDED_AT + dt.timedelta(days=2 * days))
    before = groups(lake)
    record_verdicts(lake, [(ACT, [Verdict(("sub_0002", "sub_0003"), "same")])])
    resolve(lake, "again", decided_at=DECIDED_AT + dt.timedelta(days=3 * days))
    assert ids(2, 3, 5) in groups(lake)
    record_verdicts(
        lake, [(ACT, plan_undo(lake, MergeFilter(lead_id_of(3)), SPECIFICATION)[0].verdicts)]
    )
    resolve(lake, "undone", decided_at=DECIDED_AT + dt.timedelta(days=4 * days))
    assert groups(lake) == before


def test_undoing_a_run_takes_back_all_it_merged():
    lake = three_leads()
    before = dict(members(lake))
    bridge(lake, run="bad-run")
    undo(lake, run_id="bad-run")
    assert groups(lake) == {ids(1), ids(2), ids(3), ids(4)}
    assert {one: members(lake)[one] for one in before} == before


def test_no_run_merges_again_what_a_person_split():
    """Neither the evidence there was, nor more of the same, nor somebody in between."""
    lake = bridged()
    undo(lake, name=lead_id_of(3))
    for number in range(6, 10):
        fields = {"email": "jane77@gmail.com"} if number % 2 else LINKEDIN
        receive(lake, [submission(number, **fields, city=f"City {number}", **JANE)])
        receive(lake, [submission(number + 100, email="jane77@gmail.com", **LINKEDIN,
                                  city=f"Town {number}", **JANE)])  # fmt: skip
        resolve(lake, f"run-{number}")
        assert members(lake)["sub_0002"] != members(lake)["sub_0003"]
    assert len(members(lake)) == 4 + 8
    waiting = lake.execute("select count(*) from identity.match_reviews where status = 'open'")
    assert waiting.fetchone()[0] > 0, "what was cut waits for a person"


def test_split_takes_out_what_is_named_and_nothing_else():
    """Also where what leaves was all that held the others together."""
    lake = bridged()
    parting = plan_split(lake, lead_id_of(2), ["sub_0004"], SPECIFICATION)
    record_verdicts(lake, [(dataclasses.replace(ACT, source="split"), parting.verdicts)])
    resolve(lake, "split")
    assert groups(lake) == {ids(1), ids(2, 3), ids(4)}
    assert crosswalk(lake)[lead_id_of(4)] == ("split_from", lead_id_of(2))


def test_a_lead_whose_first_submission_leaves_resolves_to_where_that_went():
    lake = bridged()
    parting = plan_split(lake, lead_id_of(2), ["sub_0002"], SPECIFICATION)
    record_verdicts(lake, [(dataclasses.replace(ACT, source="split"), parting.verdicts)])
    resolve(lake, "split")
    assert members(lake)["sub_0002"] == lead_id_of(2)
    assert members(lake)["sub_0003"] == members(lake)["sub_0004"] == lead_id_of(3)
    assert crosswalk(lake) == {lead_id_of(3): ("split_from", lead_id_of(2))}


@pytest.mark.parametrize(
    ("submissions", "told"),
    [
        (["sub_0001"], "Not among"),
        ([], "none was named"),
        (["sub_0002", "sub_0003", "sub_0004"], "That is all"),
    ],
)
def test_splits_that_make_no_sense_are_refused(submissions, told):
    lake = bridged()
    with pytest.raises(VerdictError, match=told):
        plan_split(lake, lead_id_of(2), submissions, SPECIFICATION)


def test_what_says_the_same_cannot_be_split():
    fields = {"email": "jane@acme.com", **JANE}
    lake = lake_with(
        submission(1, **fields), submission(2, **fields), submission(3, city="Rom", **fields)
    )
    with pytest.raises(VerdictError, match="sub_0002 say the same"):
        plan_split(lake, lead_id_of(1), ["sub_0001"], SPECIFICATION)


def test_contradictions_are_refused_and_nothing_is_written():
    lake = three_leads()
    say(lake, "same", (1, 2))
    say(lake, "same", (2, 3))
    before = table(lake, "match_verdicts")
    with pytest.raises(VerdictError, match=r"(?s)contradicts.*act_"):
        say(lake, "different", (1, 3))
    assert table(lake, "match_verdicts") == before
    assert groups(lake) == {ids(1, 2, 3)}


def test_the_newest_verdict_counts_and_saying_it_again_says_nothing():
    lake = three_leads()
    assert say(lake, "same", (1, 2))
    assert say(lake, "same", (2, 1)) == []
    assert say(lake, "different", (1, 2))
    assert groups(lake) == {ids(1), ids(2), ids(3)}
    assert say(lake, "same", (1, 2))
    assert groups(lake) == {ids(1, 2), ids(3)}


def test_verdicts_need_a_person_and_a_reason_and_known_submissions():
    with pytest.raises(VerdictError, match="--by"):
        dataclasses.replace(ACT, decided_by=" ")
    with pytest.raises(VerdictError, match="--reason"):
        dataclasses.replace(ACT, reason="")
    with pytest.raises(VerdictError, match="sub_0009"):
        say(three_leads(), "same", (1, 9))


def test_a_review_settles_both_leads():
    """Said of one pair, `different` holds for all a person saw side by side."""
    family = {"email": "the.roes@gmail.com"}
    lake = lake_with(
        submission(1, **family, **JANE),
        submission(2, **family, first_name="Tom", last_name="Roe"),
        submission(3, **family, city="Bonn", first_name="Tom", last_name="Roe"),
    )
    reviews = lake.execute("select review_id from identity.match_reviews").fetchall()
    verdicts = plan_review(lake, reviews[0][0], "different", SPECIFICATION)
    record_verdicts(lake, [(ACT, verdicts)])
    resolve(lake, "verdict")
    assert {row[5] for row in table(lake, "match_reviews")} == {"different"}
    receive(lake, [submission(4, **family)])
    resolve(lake, "between")
    assert len({members(lake)[one] for one in ids(1, 2)}) == 2


def test_unsure_leaves_the_queue_and_changes_nothing():
    family = {"email": "the.roes@gmail.com"}
    lake = lake_with(
        submission(1, **family, **JANE), submission(2, **family, first_name="Tom", last_name="Roe")
    )
    before = state(lake)
    review = table(lake, "match_reviews")[0][0]
    record_verdicts(lake, [(ACT, plan_review(lake, review, "unsure", SPECIFICATION))])
    resolve(lake, "verdict")
    assert state(lake) == before
    assert [row[5] for row in table(lake, "match_reviews")] == ["unsure"]
    withdraw(lake, review)
    assert [row[5] for row in table(lake, "match_reviews")] == ["open"]


def test_a_verdict_takes_effect_once_and_a_run_after_it_writes_nothing():
    lake = bridged()
    undo(lake, name=lead_id_of(3))
    before = [table(lake, name) for name in TABLES]
    assert resolve(lake, "again").submissions == 0
    assert [table(lake, name) for name in TABLES] == before


def test_the_chain_of_a_lead_holds_all_its_records():
    lake = bridged()
    say(lake, "same", (1, 2))
    edges = holding_edges(lake, lead_id_of(1))
    assert [edge[0] is None for edge in edges] == [True, False, False]


_POOL = st.fixed_dictionaries(
    {"city": st.sampled_from([None, "Bonn", "Rom"])},
    optional={
        "email": st.sampled_from(["jane@acme.com", "jane.roe77@gmail.com", "john@acme.com"]),
        "phone": st.sampled_from(["+12025550100", "+12025550101"]),
        "first_name": st.sampled_from(["Jane", "John"]),
        "last_name": st.sampled_from(["Roe", "Doe"]),
        "linkedin_url": st.sampled_from(["https://linkedin.com/in/roe"]),
    },
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(_POOL, min_size=4, max_size=7), data=st.data())
def test_order_of_arrival_does_not_matter_where_verdicts_decide(rows, data):
    """People, verdicts and slices in any order lead to the same members."""
    numbers = range(1, len(rows) + 1)
    pairs = st.lists(
        st.tuples(st.sampled_from(numbers), st.sampled_from(numbers)), max_size=3, unique=True
    )
    apart = [pair for pair in data.draw(pairs) if rows[pair[0] - 1] != rows[pair[1] - 1]]
    order = data.draw(st.permutations(range(len(rows))))
    size = data.draw(st.integers(1, len(rows)))
    arrivals = [
        submission(place, **rows[at]) | {"submission_id": f"sub_{at + 1:04d}"}
        for place, at in enumerate(order, start=1)
    ]
    arrivals = [_with_record(row, rows) for row in arrivals]
    late, early = lake_with(), lake_with()
    receive(late, [_with_record(submission(i, **row), rows) for i, row in enumerate(rows, 1)])
    resolve(late)
    say(late, "different", *apart)
    _note(early, late)
    for start in range(0, len(arrivals), size):
        receive(early, arrivals[start : start + size])
        resolve(early, f"slice-{start}")
    assert groups(early) == groups(late)
    for left, right in apart:
        assert members(late)[f"sub_{left:04d}"] != members(late)[f"sub_{right:04d}"]


def _with_record(row, rows):
    """A record id by contents alone, so that it is the same in any order of arrival."""
    number = int(row["submission_id"].removeprefix("sub_"))
    twins = [i for i, other in enumerate(rows, 1) if other == rows[number - 1]]
    return row | {"match_record_id": f"rec_{min(twins):04d}"}


def _note(lake, source):
    """The verdicts of another lake, before anything is there."""
    frame = source.execute("from identity.match_verdicts").df()
    if len(frame):
        insert(lake, "identity.match_verdicts", frame)


def test_fifty_merges_undone_leave_the_state_before_and_every_id_resolves():
    people = generate_people(260, seed=3, specification=SPECIFICATION).submissions
    lake = lake_with()
    insert(lake, "identity.normalized_submissions", people)
    resolve(lake)
    before = state(lake)
    issued = set(members(lake).values())
    leads = sorted(issued)
    draw = random.Random(1)
    draw.shuffle(leads)
    first = dict(
        lake.execute(
            "select lead_id, min_by(submission_id, received_seq) from identity.lead_members "
            "join identity.normalized_submissions using (submission_id) group by all"
        ).fetchall()
    )
    acts = []
    for one, other in zip(leads[:50], leads[50:100], strict=True):
        pair = tuple(sorted((first[one], first[other])))
        acts.append((dataclasses.replace(ACT, subject_id=one), [Verdict(pair, "same")]))
    record_verdicts(lake, acts)
    summary = resolve(lake, "fifty")
    assert summary.leads_retired == 50
    assert_every_id_resolves(lake, issued)
    partings = undo(lake, rule="verdict")
    assert len(partings) == 50
    assert state(lake) == before
    assert_every_id_resolves(lake, issued)


def assert_every_id_resolves(lake, issued):
    living = set(members(lake).values())
    retired = {
        name: related
        for name, (relation, related) in crosswalk(lake).items()
        if relation == "merged_into"
    }
    assert set(retired) == issued - living
    assert set(retired.values()) <= living


def test_slices_one_load_and_a_rebuild_agree_where_people_judged():
    people = generate_people(300, seed=11, specification=SPECIFICATION).submissions
    at_once, sliced = lake_with(), lake_with()
    insert(at_once, "identity.normalized_submissions", people)
    resolve(at_once)
    merges = find_merges(at_once, MergeFilter())
    for merge in merges[:40:8]:
        undo(at_once, name=merge.decision_id)
    frame: pd.DataFrame = at_once.execute("from identity.match_verdicts").df()
    insert(sliced, "identity.match_verdicts", frame)
    for start in range(0, 300, 75):
        insert(sliced, "identity.normalized_submissions", people.iloc[start : start + 75])
        resolve(sliced, f"slice-{start}")
    assert state(sliced) == state(at_once)
    for name in ("lead_members", "match_pairs", "merge_decisions", "match_reviews"):
        sliced.execute(f"delete from identity.{name}")
    resolve(sliced, "rebuild")
    assert state(sliced) == state(at_once)


def test_merges_are_found_by_run_rule_and_time():
    lake = three_leads()
    bridge(lake, run="one")
    assert {merge.run_id for merge in find_merges(lake, MergeFilter(run_id="one"))} == {"one"}
    assert {merge.retired_lead_id for merge in find_merges(lake, MergeFilter())} <= {
        None, lead_id_of(3)
    }  # fmt: skip
    assert find_merges(lake, MergeFilter(rule="nothing")) == []
    late = DECIDED_AT + dt.timedelta(days=1)
    assert find_merges(lake, MergeFilter(since=late)) == []
    assert len(find_merges(lake, MergeFilter(until=late))) == len(find_merges(lake, MergeFilter()))
    with pytest.raises(VerdictError, match="merges list"):
        plan_undo(lake, MergeFilter(rule="nothing"), SPECIFICATION)
