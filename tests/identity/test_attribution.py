import datetime as dt

import pandas as pd
import pytest

from lead_platform.identity.leads.attribution import (
    attribute_events,
    attribute_outcomes,
    collect_keys,
)
from lead_platform.identity.leads.versions import refresh_versions
from tests.identity.lead_world import (
    empty_lake,
    insert,
    lead_id_of,
    receive,
    resolve,
    resolved,
    submission,
)

JANE = {"first_name": "Jane", "last_name": "Roe"}
JOHN = {"first_name": "John", "last_name": "Doe"}
AT = dt.datetime.fromisoformat("2026-02-01 09:00")


def normalize_keys(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({
        "email": frame["email"].str.strip().str.lower().str.removeprefix("mailto:"),
        "phone": "+" + frame["phone"].str.replace(r"\D", "", regex=True),
    })  # fmt: skip


def categorize_pages(urls: pd.Series) -> pd.Series:
    return urls.map(lambda url: "pricing" if "pricing" in url else "other")


def event(number: int, **fields):
    return {"event_id": f"evt_{number}", "event_type": "email_open", "occurred_at": AT,
            "channel": "web_events", **fields}  # fmt: skip


def receive_events(lake, *events):
    frame = pd.DataFrame(list(events)).astype(object)
    insert(lake, "capture.events", frame.where(frame.notna(), None))


def attribute(lake):
    collect_keys(lake)
    summary = attribute_events(
        lake, normalize_keys=normalize_keys, categorize_pages=categorize_pages
    )
    refresh_versions(lake)
    return summary


def owners(lake):
    return dict(lake.execute("select event_id, lead_id from identity.lead_events").fetchall())


def two_leads():
    return resolved(
        submission(1, email="jane@acme.com", phone="+12025550100", source_system="crm",
                   source_person_id="1", **JANE),
        submission(2, email="john@acme.com", phone="+12025550101", source_system="crm",
                   source_person_id="2", **JOHN),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "lead"),
    [
        ({"email": " Jane@ACME.com "}, 1),
        ({"email": "mailto:jane@acme.com"}, 1),
        ({"phone": "+1 (202) 555-0101"}, 2),
        ({"source_system": "crm", "source_person_id": "2"}, 2),
        ({"submission_id": "sub_0002"}, 2),
        ({"submission_id": "sub_0002", "email": "jane@acme.com"}, 2),
        ({"source_system": "crm", "source_person_id": "2", "email": "jane@acme.com"}, 2),
        ({"email": "jane@acme.com", "phone": "+12025550101"}, 1),
        ({"email": "nobody@acme.com"}, None),
        ({"source_system": "ads", "source_person_id": "2"}, None),
        ({}, None),
    ],
)
def test_the_strongest_key_decides(keys, lead):
    lake = two_leads()
    receive_events(lake, event(1, **keys))
    attribute(lake)
    assert owners(lake) == ({} if lead is None else {"evt_1": lead_id_of(lead)})


def test_a_shared_mailbox_goes_to_the_first_lead_and_a_shared_phone_to_none():
    lake = resolved(
        submission(1, email="info@acme.com", phone="+12025550100", **JANE),
        submission(2, email="info@acme.com", phone="+12025550100", **JOHN),
    )
    receive_events(lake, event(1, email="info@acme.com"), event(2, phone="+12025550100"))
    attribute(lake)
    assert owners(lake) == {"evt_1": lead_id_of(1)}


def test_events_before_their_lead_are_claimed_when_it_appears():
    lake = empty_lake()
    receive_events(lake, event(1, email="jane@acme.com"))
    assert attribute(lake).attributed == 0
    receive(lake, [submission(1, email="jane@acme.com", **JANE)])
    resolve(lake)
    assert attribute(lake).attributed == 1
    assert attribute(lake) == attribute(lake)
    assert owners(lake) == {"evt_1": lead_id_of(1)}


def test_a_phone_that_becomes_shared_is_withdrawn_as_in_one_load():
    lake = two_leads()
    receive_events(lake, event(1, phone="+12025550100"))
    attribute(lake)
    receive(lake, [submission(3, phone="+12025550100", first_name="Mia", last_name="Wong")])
    resolve(lake)
    summary = attribute(lake)
    assert owners(lake) == {}
    assert summary.withdrawn == 1
    assert summary.touched_lead_ids == (lead_id_of(1),)


def test_events_of_a_retired_lead_move_to_the_survivor():
    """The second lead has no name: two people's names would speak against the merge."""
    lake = resolved(
        submission(1, email="jane@acme.com", **JANE), submission(2, email="john@acme.com")
    )
    receive_events(lake, event(1, email="john@acme.com"), event(2, submission_id="sub_0002"))
    attribute(lake)
    same = {"source_system": "crm", "source_person_id": "9", **JANE}
    receive(lake, [submission(3, email="jane@acme.com", **same),
                   submission(4, email="john@acme.com", source_system="crm",
                              source_person_id="9")])  # fmt: skip
    resolve(lake)
    assert attribute(lake).moved == 2
    assert set(owners(lake).values()) == {lead_id_of(1)}


def test_pages_are_categorized_for_page_views_only():
    lake = two_leads()
    url = "https://x.example/pricing"
    receive_events(
        lake,
        event(1, email="jane@acme.com", event_type="page_view", url=url),
        event(2, email="jane@acme.com", event_type="email_click", url=url),
        event(3, email="jane@acme.com", event_type="page_view"),
    )
    attribute(lake)
    rows = lake.execute("select event_id, page_category from identity.lead_events order by 1")
    assert rows.fetchall() == [("evt_1", "pricing"), ("evt_2", None), ("evt_3", None)]


def test_outcomes_are_attributed_like_events():
    lake = two_leads()
    frame = pd.DataFrame([{
        "outcome_id": "out_1", "outcome_type": "closed_won", "occurred_at": AT,
        "email": "john@acme.com", "phone": None, "amount": 1200.5, "currency": "EUR",
    }])  # fmt: skip
    insert(lake, "capture.outcomes", frame)
    collect_keys(lake)
    summary = attribute_outcomes(lake, normalize_keys=normalize_keys)
    assert summary.attributed == 1
    [row] = lake.execute(
        "select outcome_id, lead_id, amount::double from identity.lead_outcomes"
    ).fetchall()
    assert row == ("out_1", lead_id_of(2), 1200.5)


def test_no_event_fans_out_or_drops():
    lake = two_leads()
    receive_events(
        lake,
        *(event(i, email="jane@acme.com", phone="+12025550101", submission_id="sub_0001")
          for i in range(50)),
    )  # fmt: skip
    attribute(lake)
    assert len(owners(lake)) == 50
    [(rows,)] = lake.execute("select count(*) from identity.lead_events").fetchall()
    assert rows == 50


def test_versions_are_the_same_for_slices_and_one_load():
    rows = [
        submission(1, email="jane@acme.com", phone="+12025550100", **JANE),
        submission(2, email="john@acme.com", phone="+12025550101", **JOHN),
        submission(3, email="jane@acme.com", phone="+12025550101", **JANE),
    ]
    events = [event(1, phone="+12025550101"), event(2, email="jane@acme.com")]
    at_once = resolved(*rows)
    receive_events(at_once, *events)
    attribute(at_once)
    sliced = empty_lake()
    for i, row in enumerate(rows):
        receive(sliced, [row])
        receive_events(sliced, *events[i : i + 1]) if i < 2 else None
        resolve(sliced)
        attribute(sliced)
    for name in ("lead_versions", "lead_events"):
        query = f"from identity.{name} order by all"
        assert sliced.execute(query).fetchall() == at_once.execute(query).fetchall()
