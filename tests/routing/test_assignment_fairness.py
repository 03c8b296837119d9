from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lead_platform.routing.account_reps import AccountReps
from lead_platform.routing.choices import Candidate
from lead_platform.routing.configuration import RoutingConfiguration, load_routing
from lead_platform.routing.decisions import Decision, replay_decision, route_leads
from lead_platform.routing.strategies.fewest_active_leads import choose

CONFIG_DIR = Path(__file__).resolve().parents[2] / "config"
SHIPPED = load_routing(CONFIG_DIR)
DECIDED_AT = datetime.fromisoformat("2026-03-02T09:00:00")
REP_IDS = [rep.rep_id for rep in SHIPPED.reps]

lead = st.fixed_dictionaries(
    {
        "profile_version": st.sampled_from(["p1", "p2"]),
        "company_domain": st.sampled_from(["asml.com", "inditex.com", 'odd"name\\.com', None]),
        "account_id": st.sampled_from(["acct_1", "acct_2", "acct_3", None]),
        "country": st.sampled_from(["NL", "DE", "FR", "US", "GB", "JP", None]),
        "region": st.sampled_from(["CA", "TX", "NY", None]),
        "employee_count": st.one_of(st.none(), st.integers(0, 100_000)),
        "is_disposable_email": st.sampled_from([True, False, None]),
        "band": st.sampled_from(["high", "medium", "low", None]),
        "total": st.one_of(st.none(), st.integers(0, 100).map(float)),
        "is_score_missing": st.sampled_from([True, False, None]),
    }
)
leads = st.lists(lead, min_size=1, max_size=40).map(
    lambda rows: pd.DataFrame([row | {"lead_id": f"lead_{i:03d}"} for i, row in enumerate(rows)])
)
loads = st.dictionaries(st.sampled_from(REP_IDS), st.integers(0, 8))
owners = st.dictionaries(
    st.integers(0, 39).map(lambda i: f"lead_{i:03d}"),
    st.lists(st.sampled_from([*REP_IDS, "left.company"]), min_size=1, max_size=3),
    max_size=5,
)
accounts = st.builds(
    AccountReps,
    named=st.dictionaries(st.sampled_from(["acct_1", "acct_2"]), st.sampled_from(REP_IDS)),
    owners=st.dictionaries(
        st.sampled_from(["acct_1", "acct_3"]), st.sampled_from([*REP_IDS, "left.company"])
    ),
)
rosters = st.lists(
    st.tuples(st.integers(0, 8), st.booleans()), min_size=len(REP_IDS), max_size=len(REP_IDS)
)


def with_roster(roster):
    definition = SHIPPED.model_dump()
    for rep, (capacity, is_active) in zip(definition["reps"], roster, strict=True):
        rep |= {"capacity": capacity, "is_active": is_active}
    return RoutingConfiguration.model_validate(definition)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(leads, loads, owners, rosters, accounts)
def test_every_lead_gets_exactly_one_decision_that_replays_bit_for_bit(
    leads, loads, owners, roster, accounts
):
    configuration = with_roster(roster)
    result = route_leads(leads, configuration, loads, owners, DECIDED_AT, accounts)
    assert sorted(result.decisions["lead_id"]) == sorted(leads["lead_id"])
    assert result.decisions["decision_id"].is_unique
    assert result.assignments["lead_id"].tolist() == result.decisions["lead_id"].tolist()
    for _, row in result.decisions.iterrows():
        assert replay_decision(row, configuration) == Decision.from_row(row)


@settings(max_examples=60, deadline=None)
@given(leads, loads, rosters, accounts)
def test_capacity_is_never_exceeded_and_nobody_inactive_is_chosen(leads, loads, roster, accounts):
    configuration = with_roster(roster)
    result = route_leads(leads, configuration, loads, {}, DECIDED_AT, accounts)
    given_out = result.assignments["owner_rep_id"].value_counts()
    for rep in configuration.reps:
        received = int(given_out.get(rep.rep_id, 0))
        assert received == 0 or rep.is_active
        assert received == 0 or loads.get(rep.rep_id, 0) + received <= rep.capacity


@settings(max_examples=40, deadline=None)
@given(leads, loads, owners, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(leads, loads, owners, random):
    shuffled = leads.sample(frac=1, random_state=random.randrange(2**32))
    first = route_leads(leads, SHIPPED, loads, owners, DECIDED_AT)
    second = route_leads(shuffled, SHIPPED, loads, owners, DECIDED_AT)
    pd.testing.assert_frame_equal(first.decisions, second.decisions)
    pd.testing.assert_frame_equal(first.assignments, second.assignments)
    pd.testing.assert_frame_equal(first.review_queue, second.review_queue)


@settings(max_examples=40, deadline=None)
@given(leads)
def test_unrelated_pools_do_not_influence_each_other(leads):
    """Senior reps of India and of the Americas share nobody."""
    leads = leads.assign(band="high", total=50.0, is_score_missing=False, company_domain=None)
    leads["account_id"] = None
    leads["is_disposable_email"] = False
    leads["country"] = ["IN" if i % 2 else "US" for i in range(len(leads))]
    leads["region"] = "NY"
    together = route_leads(leads, SHIPPED, {}, {}, DECIDED_AT).decisions.set_index("lead_id")
    for country in ("IN", "US"):
        part = leads[leads["country"] == country]
        if part.empty:
            continue
        alone = route_leads(part, SHIPPED, {}, {}, DECIDED_AT).decisions.set_index("lead_id")
        pd.testing.assert_frame_equal(alone, together.loc[alone.index])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 200), st.integers(0, 50))
def test_loads_of_a_pool_stay_within_one_when_all_start_equal(count, start):
    rows = [
        {
            "lead_id": f"lead_{i:03d}",
            "profile_version": "p1",
            "company_domain": None,
            "account_id": None,
            "country": "NL",
            "region": None,
            "employee_count": None,
            "is_disposable_email": False,
            "band": "high",
            "total": float(i % 7),
            "is_score_missing": False,
        }
        for i in range(count)
    ]
    equal = dict.fromkeys(REP_IDS, start)
    result = route_leads(pd.DataFrame(rows), SHIPPED, equal, {}, DECIDED_AT)
    shares = result.assignments["owner_rep_id"].value_counts()
    benelux = [int(shares.get(rep_id, 0)) for rep_id in ("ben.fischer", "iris.jansen")]
    assert sum(benelux) == count
    assert max(benelux) - min(benelux) <= 1


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8))
def test_the_fewest_wins_and_ties_go_by_rep_id(active):
    candidates = [Candidate(f"rep_{i}", load, 100) for i, load in enumerate(active)]
    choice = choose(candidates, "lead")
    assert choice.rep_id == f"rep_{active.index(min(active))}"
    assert choice.verdicts.count("chosen") == 1
    assert choose(list(reversed(candidates)), "lead").rep_id == choice.rep_id
