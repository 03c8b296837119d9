"""Submissions read anew: their normal forms, leads and companies become what they say by now.

A submission that was mapped or normalised once more keeps its id and, as long as it belongs there,
its lead. Owns what of the earlier reading goes. Whose it is then, members.py and
accounts/assignment.py decide, as they do of what arrives.
"""

import duckdb

from lead_platform.capture.kinds import IS_PERSON
from lead_platform.identity.normalization.submissions import COLUMNS
from lead_platform.lake.audit import record_actions
from lead_platform.lake.quarantine import held
from lead_platform.lake.readings import Reading, next_reading, note_reading
from lead_platform.lake.statements import count_rows

# What a normal form says; which lists it was read with does not make it another one.
_SAYING = tuple(name for name in COLUMNS if name != "normalization_version")
# What is compared of a submission beside what its match record is made of (records.py): where it
# differs, the record's pairs are found anew.
_COMPARED = (
    "is_role_email", "is_disposable_email", "is_free_email", "region", "postal_code",
)  # fmt: skip


def _row(source: str, columns: tuple[str, ...] = _SAYING) -> str:
    return ", ".join(f"{source}.{name}" for name in columns)


def _fields(source: str) -> str:
    """SQL for the names of the fields that differ and hold a value in `source`: no values."""
    names = ", ".join(
        f"case when {source}.{name} is not null and given.{name} is distinct from forms.{name} "
        f"then '{name}' end"
        for name in _SAYING
    )
    return f"coalesce(nullif(concat_ws(', ', {names}), ''), 'empty')"


_GIVEN = """
create or replace temp table given_forms as from identity.normalized_submissions limit 0;

insert into given_forms by name
select * from normalized semi join identity.normalized_submissions using (submission_id)
"""

# A form made of what has been mapped anew meanwhile is not written: the next run makes another.
_JUDGED = f"""
create or replace temp table judged_forms as
    select given.* replace (forms.compared_reading as compared_reading),
        coalesce(given.reading, 0) > coalesce(forms.reading, 0) as is_mapped_anew,
        ({_row("given")}) is distinct from ({_row("forms")}) as says_otherwise,
        ({_row("given", _COMPARED)}) is distinct from ({_row("forms", _COMPARED)})
            as is_compared_anew,
        forms.normalization_version <> given.normalization_version as is_of_other_lists,
        {_fields("forms")} as fields_before, {_fields("given")} as fields_after
    from given_forms as given
    join identity.normalized_submissions as forms on forms.submission_id = given.submission_id
    join capture.submissions as captured on captured.submission_id = given.submission_id
    anti join {held("normalize", "submission")} as held on held.subject_id = given.submission_id
    where captured.reading is not distinct from given.reading and {IS_PERSON};

create or replace temp table changed_forms as
    from judged_forms where says_otherwise or is_mapped_anew
"""

# What says the same with other lists only names these from now on: nothing hangs on that.
_RESTAMP = """
update identity.normalized_submissions as forms
set normalization_version = judged.normalization_version
from judged_forms as judged
where judged.submission_id = forms.submission_id
    and judged.is_of_other_lists and not judged.says_otherwise and not judged.is_mapped_anew
"""

_DELETE = """
delete from identity.normalized_submissions
where submission_id in (select submission_id from changed_forms)
"""

_INSERT = """
insert into identity.normalized_submissions by name
select
    * exclude (
        is_mapped_anew, says_otherwise, is_compared_anew, is_of_other_lists, fields_before,
        fields_after
    )
    replace (
        coalesce($number::integer, reading) as reading,
        if(is_compared_anew, coalesce($number::integer, reading), compared_reading)
            as compared_reading
    )
from changed_forms
"""

# What a command mapped anew is in the audit log already.
_ACTIONS = """
select 'identity' as workflow, 'read_anew' as action, 'submission' as subject_type,
    submission_id as subject_id, 'vocabularies' as rule, $version as rule_version,
    'config/vocabularies/ has changed' as reason, fields_before as before, fields_after as after,
    $at::timestamp as occurred_at
from changed_forms where not is_mapped_anew
order by submission_id
"""


def replace_forms(connection: duckdb.DuckDBPyConnection, lists: Reading | None) -> int:
    """Of the registered rows `normalized`, those that have a normal form and say otherwise take its
    place; their number.

    `lists`: what they were read with, where they are read anew; None where they are new. The caller
    owns the transaction.
    """
    if not count_rows(connection, _GIVEN):
        return 0
    connection.execute(_JUDGED)
    row = connection.execute(
        "select (select count(*) from changed_forms), "
        "exists(from judged_forms where is_of_other_lists)"
    ).fetchone()
    changed, is_to_restamp = row or (0, False)
    if is_to_restamp:
        connection.execute(_RESTAMP)
    if changed:
        connection.execute(_DELETE)
        number = next_reading(connection) if lists else None
        connection.execute(_INSERT, {"number": number})
    if lists:
        told = {"version": lists.version, "at": lists.read_at}
        record_actions(connection, connection.execute(_ACTIONS, told).df(), run_id=lists.run_id)
        note_reading(connection, lists, items=int(changed))
    return int(changed)


# --- leads -------------------------------------------------------------------------------------

_REREAD = f"""
create or replace temp table reread_members as
    select members.submission_id, members.lead_id, members.match_record_id as former_record_id,
        forms.match_record_id as record_id, forms.reading,
        coalesce(forms.compared_reading, 0) > coalesce(members.reading, 0) as is_compared_anew
    from identity.normalized_submissions as forms
    join identity.lead_members as members on members.submission_id = forms.submission_id
    anti join {held("resolve", "submission")} as held on held.subject_id = forms.submission_id
    where forms.reading is not null and forms.reading > coalesce(members.reading, 0);

create or replace temp table moved_records as
    from reread_members where record_id <> former_record_id or is_compared_anew
"""

_UPDATE_MEMBERS = """
update identity.lead_members as members
set match_record_id = reread.record_id, reading = reread.reading
from reread_members as reread where members.submission_id = reread.submission_id
"""

# A record that no submission is any more joins nothing: what it was compared with is looked at
# anew. So is what was compared with a record of which something beside it differs.
_FORGOTTEN_PAIRS = """
create or replace temp table forgotten_pairs as
    with gone as (
        select former_record_id as record_id from moved_records
        except select match_record_id from identity.lead_members
        union
        select record_id from moved_records where record_id = former_record_id
    )
    select pair_id, left_record_id, right_record_id from identity.match_pairs
    where left_record_id in (from gone) or right_record_id in (from gone)
"""

_NOTHING_FORGOTTEN = """
create or replace temp table forgotten_pairs as
    select pair_id, left_record_id, right_record_id from identity.match_pairs limit 0
"""


def take_reread(connection: duckdb.DuckDBPyConnection) -> int:
    """Fills temp tables `reread_members` with the members of leads whose submission was read anew
    since they were resolved, `moved_records` with those that are to be compared anew by that, as
    another match record or with other fields, and
    `forgotten_pairs`. Returns the number of the first.

    They stay in their leads; pairs of records that are no more go. The caller owns the transaction.
    """
    connection.execute(_REREAD)
    row = connection.execute("select count(*) from reread_members").fetchone()
    found = int(row[0]) if row else 0
    if not found:
        connection.execute(_NOTHING_FORGOTTEN)
        return 0
    connection.execute(_UPDATE_MEMBERS)
    connection.execute(_FORGOTTEN_PAIRS)
    connection.execute(
        "delete from identity.match_pairs where pair_id in (select pair_id from forgotten_pairs)"
    )
    return found


# --- companies ---------------------------------------------------------------------------------

# A company belongs to whoever stated it first, of those that state it still.
_FIRSTS = f"""
create or replace temp table company_firsts as
    with stated as (
        select company_record_id as record_id,
            min_by(submission_id, (received_seq, submission_id)) as submission_id,
            min(received_seq) as received_seq
        from identity.normalized_submissions
        anti join {held("resolve", "submission")} as held on submission_id = held.subject_id
        where company_record_id is not null
        group by company_record_id
    )
    select members.record_id, members.account_id, stated.submission_id, stated.received_seq
    from identity.account_members as members
    left join stated on stated.record_id = members.record_id
    where (stated.submission_id, stated.received_seq)
        is distinct from (members.first_submission_id, members.received_seq)
"""

_HAND_OVER = """
update identity.account_members as members
set first_submission_id = firsts.submission_id, received_seq = firsts.received_seq
from company_firsts as firsts
where firsts.record_id = members.record_id and firsts.submission_id is not null
"""

_UNSTATED = """
delete from identity.account_pairs
where left_record_id in (select record_id from company_firsts where submission_id is null)
    or right_record_id in (select record_id from company_firsts where submission_id is null);

delete from identity.account_members
where record_id in (select record_id from company_firsts where submission_id is null)
"""

_LEFT = """
with counted as (
    select members.account_id, count(*) as submissions
    from identity.account_members as members
    join identity.normalized_submissions as forms on forms.company_record_id = members.record_id
    group by members.account_id
)
select account_id from identity.accounts
left join counted using (account_id)
where submission_count is distinct from submissions
union
select account_id from company_firsts
order by account_id
"""


def leave_companies(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """After submissions were read anew or withdrawn: a company nobody states any more goes, one
    that others state is theirs; the ids of the accounts whose rows say too much, or whose first
    company is another one, sorted.

    Looks at all companies, for nobody keeps which one a submission stated before.
    """
    for statement in (_FIRSTS, _HAND_OVER, _UNSTATED):
        connection.execute(statement)
    return [str(row[0]) for row in connection.execute(_LEFT).fetchall()]
