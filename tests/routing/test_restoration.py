"""Owners after an undone merge: as they were, then the ordinary rules."""

from datetime import datetime, timedelta

import pytest

from lead_platform.routing.assignments import (
    active_leads,
    previous_owners,
    stale_leads,
    unassign,
    write_decisions,
)
from lead_platform.routing.decisions import route_leads
from lead_platform.routing.dispatch import undo_assignments
from lead_platform.routing.restoration import restore_assignments
from tests.routing.test_assignments import add_lead, lake, table, whereabouts

__all__ = ["add_lead", "lake"]

# The same on a DuckLake is seen through the whole house, in tests/integration/test_reversal.py.
pytestmark = pytest.mark.parametrize("lake", ["memory"], indirect=True)

T0 = datetime.fromisoformat("2026-03-02T09:00:00")
HOUR = timedelta(hours=1)


@pytest.fixture
def route(lake, configuration):
    """Restore and route, as the asset does."""

    def run(at):
        restored = restore_assignments(lake, at)
        leads = stale_leads(lake, configuration)
        owners = previous_owners(lake, leads)
        load = active_leads(lake, leads)
        write_decisions(lake, route_leads(leads, configuration, load, owners, at))
        return restored

    return run


def live(lake, *lead_ids):
    for lead_id in lead_ids:
        lake.execute("insert into identity.lead_versions values (?, 'v', 'v')", [lead_id])


def next_step(lake):
    """The place of the next merge or split in their order."""
    return lake.execute(
        "select 1 + coalesce(max(greatest(merge_seq, split_seq)), 0) from identity.lead_crosswalk"
    ).fetchone()[0]


def merge(lake, retired, survivor, at):
    """What the other layers do when a lead is merged away: its assignment goes with it."""
    lake.execute("delete from identity.lead_crosswalk where lead_id = ?", [retired])
    lake.execute(
        "insert into identity.lead_crosswalk values (?, ?, 'merged_into', ?, null, ?, null)",
        [retired, survivor, at, next_step(lake)],
    )
    for name in ("enrichment.lead_profiles", "routing.assignments", "routing.review_queue",
                 "identity.lead_versions"):  # fmt: skip
        lake.execute(f"delete from {name} where lead_id = ?", [retired])


def part(lake, lead_id, at):
    lake.execute(
        "update identity.lead_crosswalk set relation = 'split_from', split_at = ?, split_seq = ? "
        "where lead_id = ?",
        [at, next_step(lake), lead_id],
    )
    live(lake, lead_id)


def everything(lake):
    return [
        table(lake, name).to_dict("records") for name in ("assignments", "review_queue")
    ]  # fmt: skip


@pytest.mark.parametrize("band", ["high", "low", None])
def test_undoing_a_merge_gives_both_leads_their_assignments_back(lake, add_lead, route, band):
    """Owned, in a queue, and in review, each with its decision, date and place in the line."""
    live(lake, "a", "b")
    add_lead("a", band="low")
    add_lead("b", band=band, country="US")
    route(T0)
    before = everything(lake)
    merge(lake, "b", "a", T0 + HOUR)
    add_lead("a", band="high", profile_version="merged")
    route(T0 + HOUR)
    assert set(whereabouts(lake)) == {"a"}
    assert whereabouts(lake)["a"] != "nurture"
    part(lake, "b", T0 + 2 * HOUR)
    add_lead("a", band="low")
    add_lead("b", band=band, country="US")
    restored = route(T0 + 2 * HOUR)
    assert everything(lake) == before
    assert sorted(restored["subject_id"]) == ["a", "b"]
    assert route(T0 + 3 * HOUR).empty
    assert everything(lake) == before


def test_what_has_changed_since_is_routed_by_its_own_rules_and_not_to_the_others_owner(
    lake, add_lead, route
):
    live(lake, "a", "b")
    add_lead("a", band="low")
    add_lead("b", country="US")
    route(T0)
    merge(lake, "b", "a", T0 + HOUR)
    add_lead("a", band="high", profile_version="merged")
    route(T0 + HOUR)
    assert whereabouts(lake) == {"a": "grace.kim"}
    part(lake, "b", T0 + 2 * HOUR)
    add_lead("a", band="high", profile_version="grown")
    add_lead("b", country="US")
    route(T0 + 2 * HOUR)
    assert whereabouts(lake) == {"a": "ben.fischer", "b": "grace.kim"}


@pytest.mark.parametrize("hour", [HOUR, -HOUR, timedelta()], ids=["onwards", "back", "still"])
def test_overlapping_merges_undone_one_after_the_other(lake, add_lead, route, hour):
    """What was decided during the first, undone long ago, does not come back with the second.

    Runs whose clock had stepped back, or was given, were taken for earlier than those before.
    """
    live(lake, "a", "b", "c")
    add_lead("a", band="low")
    add_lead("b", country="US")
    add_lead("c", country="NL")
    route(T0)
    before = everything(lake)
    merge(lake, "b", "a", T0 + hour)
    add_lead("a", band="high", profile_version="with b")
    route(T0 + hour)
    merge(lake, "c", "a", T0 + 2 * hour)
    part(lake, "b", T0 + 3 * hour)
    add_lead("a", band="low", profile_version="with c")
    add_lead("b", country="US")
    route(T0 + 3 * hour)
    part(lake, "c", T0 + 4 * hour)
    add_lead("a", band="low")
    add_lead("c", country="NL")
    route(T0 + 4 * hour)
    assert everything(lake) == before


def test_a_lead_a_person_took_back_before_the_merge_is_held_again(lake, add_lead, route):
    live(lake, "a", "b")
    add_lead("a", band="low")
    add_lead("b", country="US")
    route(T0)
    wrong = table(lake, "assignments").set_index("lead_id")["decision_id"]["b"]
    unassign(lake, [wrong], "maria.ops", "a competitor", T0 + HOUR)
    before = everything(lake)
    merge(lake, "b", "a", T0 + 2 * HOUR)
    part(lake, "b", T0 + 3 * HOUR)
    add_lead("b", country="US")
    route(T0 + 3 * HOUR)
    after = everything(lake)
    assert [row["is_held"] for row in after[0]] == [row["is_held"] for row in before[0]]
    assert [row["decision_id"] for row in after[0]] == [row["decision_id"] for row in before[0]]
    assert [row["lead_id"] for row in after[1]] == ["b"]


def test_a_lead_born_by_a_split_is_routed_like_any_other(lake, add_lead, route):
    live(lake, "a")
    add_lead("a")
    route(T0)
    lake.execute(
        "insert into identity.lead_crosswalk values ('c', 'a', 'split_from', null, ?, null, 1)",
        [T0 + HOUR],
    )
    live(lake, "c")
    add_lead("c", country="US")
    assert route(T0 + HOUR).empty
    assert whereabouts(lake) == {"a": "ben.fischer", "c": "grace.kim"}


def test_undo_by_lead_is_in_the_audit_log_with_the_name(lake, add_lead, route):
    add_lead("a")
    route(T0)
    [undone] = undo_assignments(
        lake, ["a"], undone_by="Dana", reason="a competitor", undone_at=T0 + HOUR
    )
    assert (undone.lead_id, undone.before, undone.after) == ("a", "ben.fischer", "review")
    assert lake.execute(
        "select action, subject_id, before, after, actor, reason from governance.audit_log"
    ).fetchall() == [("undo_assignment", "a", "ben.fischer", "review", "Dana", "a competitor")]
    with pytest.raises(ValueError, match="--by"):
        undo_assignments(lake, ["a"], undone_by="", reason="x", undone_at=T0)
