"""Withdrawal: submissions that turned out to be no person's leave their leads and accounts.

A lead of nothing else ceases to be, and with it its score and its assignment; what else a lead
holds is put together anew by the next run. Who decides, and what comes back, is capture's.
"""

from collections.abc import Collection

import duckdb
import pyarrow as pa

from lead_platform.identity.accounts.rows import refresh_rows
from lead_platform.identity.leads.versions import LOST_MEMBERS


def withdraw_submissions(
    connection: duckdb.DuckDBPyConnection, submission_ids: Collection[str]
) -> list[str]:
    """Takes these out of identity; the ids of the leads they were in, sorted.

    What hangs on them alone goes with them at the gate. The caller owns the transaction.
    """
    given = pa.table({"submission_id": pa.array(sorted(set(submission_ids)), pa.string())})
    connection.register("given_submissions", given)
    connection.execute(
        "create or replace temp table withdrawn as select submission_id from given_submissions "
        "semi join identity.normalized_submissions using (submission_id)"
    )
    connection.unregister("given_submissions")
    leads = connection.execute(
        "select distinct lead_id from identity.lead_members semi join withdrawn "
        "using (submission_id) order by lead_id"
    ).fetchall()
    for statement in (_ACCOUNTS, _HAND_OVER, _DELETE, _LEADS_THAT_LOST):
        connection.execute(statement)
    refresh_rows(connection, ())
    return [str(row[0]) for row in leads]


# For `refresh_rows`: the records of the accounts that lose a submission.
_ACCOUNTS = """
create or replace temp table company_placed as
    select distinct m.record_id, m.account_id, null::varchar as former_account_id
    from identity.account_members as m
    join identity.normalized_submissions as n on n.company_record_id = m.record_id
    semi join withdrawn as w on w.submission_id = n.submission_id
"""

# A company that others state too stays, under the first of them.
_HAND_OVER = """
update identity.account_members as m
set first_submission_id = o.submission_id
from (
    select company_record_id, min_by(submission_id, (received_seq, submission_id)) as submission_id
    from identity.normalized_submissions
    anti join withdrawn using (submission_id)
    where company_record_id in (select record_id from company_placed)
    group by company_record_id
) as o
where o.company_record_id = m.record_id
    and m.first_submission_id in (select submission_id from withdrawn)
"""

_DELETE = """
create or replace temp table leads_that_lost as
    select distinct lead_id from identity.lead_members
    where submission_id in (select submission_id from withdrawn);
delete from identity.lead_members where submission_id in (select submission_id from withdrawn);
delete from identity.normalized_submissions
where submission_id in (select submission_id from withdrawn)
"""

_LEADS_THAT_LOST = f"""
update identity.lead_versions set members_version = '{LOST_MEMBERS}'
where lead_id in (
    select lead_id from leads_that_lost
    semi join identity.lead_members using (lead_id)
)
"""
