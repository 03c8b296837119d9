import pandas as pd

from lead_platform.identity.leads.versions import refresh_versions, stale_leads
from tests.identity.lead_world import (
    empty_lake,
    insert,
    lead_id_of,
    receive,
    resolve,
    resolved,
    submission,
)


def versions(lake):
    return dict(lake.execute("select lead_id, lead_version from identity.lead_versions").fetchall())


def test_a_version_changes_with_what_belongs_to_the_lead_and_only_then():
    lake = resolved(submission(1, email="a@acme.com"), submission(2, email="b@acme.com"))
    assert refresh_versions(lake).changed == 2
    before = versions(lake)
    assert refresh_versions(lake).changed == 0
    receive(lake, [submission(3, email="a@acme.com", city="Berlin")])
    resolve(lake)
    assert stale_leads(lake) == [lead_id_of(1)]
    assert refresh_versions(lake, stale_leads(lake)).changed == 1
    after = versions(lake)
    assert after[lead_id_of(1)] != before[lead_id_of(1)]
    assert after[lead_id_of(2)] == before[lead_id_of(2)]
    frame = pd.DataFrame({"event_id": ["evt_1"], "lead_id": [lead_id_of(2)]})
    insert(lake, "identity.lead_events", frame)
    assert stale_leads(lake) == []
    assert refresh_versions(lake, [lead_id_of(2)]).changed == 1


def test_retired_leads_lose_their_version():
    lake = resolved(
        submission(1, email="a@acme.com", source_system="crm", source_person_id="1"),
        submission(2, email="b@acme.com", source_system="crm", source_person_id="2"),
    )
    refresh_versions(lake)
    receive(lake, [submission(3, email="a@acme.com", source_system="crm", source_person_id="2")])
    summary = resolve(lake)
    assert refresh_versions(lake, summary.touched_lead_ids).removed == 1
    assert list(versions(lake)) == [lead_id_of(1)]


def test_an_empty_lake_has_no_versions():
    lake = empty_lake()
    assert refresh_versions(lake).leads == 0
    assert stale_leads(lake) == []
