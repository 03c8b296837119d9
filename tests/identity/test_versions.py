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


def test_versions_of_one_record_are_of_one_person():
    """Where the source gives its persons no ids, a new mailbox made another lead, and the opt-out
    of the version before stayed with the old one."""
    lake = resolved(
        submission(1, email="a@acme.com", company_name="Acme", version_key="one"),
        submission(2, email="a.new@holt.com", company_name="Holt", version_key="one"),
        submission(3, email="info@acme.com", version_key="two"),
        submission(4, email="sales@acme.com", version_key="two"),
        submission(5, email="b@acme.com", version_key="three"),
    )
    assert lead_id_of(1) in leads_of(lake, 1, 2)
    assert len(leads_of(lake, 1, 2)) == len(leads_of(lake, 3, 4)) == 1
    assert len(leads_of(lake, 1, 3, 5)) == 3


def test_records_of_one_person_at_a_source_without_ids_stay_one_lead():
    """Of ids at one source a lead has five at most."""
    lake = resolved(
        *(
            submission(seq, email="a@acme.com", source_system="forms", version_key=f"record {seq}")
            for seq in range(1, 9)
        )
    )
    assert len(leads_of(lake, *range(1, 9))) == 1


def leads_of(lake, *seqs):
    """The leads that these submissions belong to."""
    return {
        lead
        for seq in seqs
        for (lead,) in lake.execute(
            "select lead_id from identity.lead_members where submission_id = ?", [f"sub_{seq:04d}"]
        ).fetchall()
    }
