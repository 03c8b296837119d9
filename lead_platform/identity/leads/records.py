"""Match records: what of a submission is compared with others, and who waits to be matched.

A record is a `match_record_id`: submissions that are the same to matching share one, and one whose
fields point to nobody has its own. Owns the derived matching columns and the choice of records a
run must look at: those of new submissions, and those of known leads that share a key with them.
"""

from collections.abc import Iterable, Mapping, Sequence

import duckdb
import pandas as pd
import pyarrow as pa

from lead_platform.identity.engine.blocking import key_expressions
from lead_platform.identity.engine.clusters import NO_VALUES
from lead_platform.identity.engine.derivations import nickname_knowledge
from lead_platform.identity.engine.specification import (
    BlockingRule,
    LinkageSpecification,
    ValueLimit,
    read_shares,
)
from lead_platform.identity.leads.specification import own_columns
from lead_platform.identity.normalization.emails import registrable_domain
from lead_platform.identity.normalization.scripts import COMPARABLE, is_other_script, latin
from lead_platform.lake.quarantine import held
from lead_platform.lake.statements import count_rows

# The list in shares/ that tells which words are given names.
GIVEN_NAMES = "first_names"

# Letters are compared without case, accents, spaces and punctuation. `translate` and not a
# regular expression: 100k records take a tenth of the time.
_SPELLED_OUT = " ".join(
    f"when unicode(name) between {first} and {last} then 'spelled'" for first, last in COMPARABLE
)

# From Thaana on, those of India and its neighbours, further ones, kana and the rare.
_MARKED = r"\x{0780}-\x{109f}\x{1700}-\x{1cff}\x{3041}-\x{30ff}\x{a800}-\x{abff}\x{11000}-\x{11fff}"

_MACROS = f"""
create or replace temp macro spelled_out(value) as
    replace(replace(replace(value, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
-- In scripts that write vowels as marks, and kana, `strip_accents` makes one word of several.
create or replace temp macro without_accents(value) as
    case when strlen(value) > length(value) and regexp_matches(value, '[{_MARKED}]') then value
    else strip_accents(value) end;
create or replace temp macro fold(value) as
    nullif(translate(spelled_out(lower(without_accents(value))), 'øłđðıħ -''.’`´,_', 'olddih'), '');
create or replace temp macro parts_of(names) as
    list_filter(
        list_transform(string_split(replace(names, '-', ' '), ' '), lambda word: fold(word)),
        lambda word: word is not null
    );
-- Initials are no words.
create or replace temp macro words_of(names) as
    list_filter(parts_of(names), lambda word: length(word) > 1);
create or replace temp macro long_words_of(names) as
    list_filter(parts_of(names), lambda word: length(word) > 3);
-- Of Ana Ruiz Soto, Ruiz: the first of two surnames, where a form asks for the whole name.
create or replace temp macro middle_of(whole, first, last) as
    case when starts_with(whole, first || ' ') and ends_with(whole, ' ' || last)
         then trim(substr(whole, length(first) + 1, length(whole) - length(first) - length(last)))
    end;
-- As mailboxes spell it: Müller is mueller@.
create or replace temp macro fold_german(value) as
    fold(replace(replace(replace(lower(value), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'));
-- In scripts that spell all sounds a name can be told from another by its letters; the signs of one
-- language are one script.
create or replace temp macro script_of(name) as
    case when name is null then null
        when unicode(name) < 880 or unicode(name) between 7680 and 7935 then 'spelled'
        {_SPELLED_OUT}
        when unicode(name) between 11904 and 40959 then 'han'
        when unicode(name) between 44032 and 55215 then 'hangul'
        else 'script ' || (unicode(name) // 256)
    end;
-- What the provider makes no difference between: jan.smit@gmail.com is jansmit@googlemail.com.
create or replace temp macro canonical_local(local, domain) as
    case canonical_domain(domain)
        when 'gmail.com' then replace(split_part(local, '+', 1), '.', '')
        when 'proton.me' then translate(split_part(local, '+', 1), '._-', '')
        when 'yandex.ru' then replace(split_part(local, '+', 1), '-', '.')
        else split_part(local, '+', 1)
    end;
create or replace temp macro canonical_mailbox(mail) as
    canonical_local(split_part(mail, '@', 1), split_part(mail, '@', 2))
        || '@' || canonical_domain(split_part(mail, '@', 2));
-- How alike a local part is to what companies make of a name: firstlast, flast, firstl, lastf.
create or replace temp macro likeness_to_name(local, first_name, last_name) as greatest(
    jaro_winkler_similarity(local, first_name || last_name),
    jaro_winkler_similarity(local, left(first_name, 1) || last_name),
    jaro_winkler_similarity(local, first_name || left(last_name, 1)),
    jaro_winkler_similarity(local, last_name || left(first_name, 1))
);
-- Across domains a local part is evidence only where it is long and more than the name itself:
-- john.smith@ at two companies is any John Smith, and his name is compared already.
create or replace temp macro is_telling(local, first_name, first_forms, last_name) as
    length(local) >= 6
    and (
        regexp_matches(local, '[0-9]')
        or not (
            contains(local, coalesce(last_name, '-'))
            or coalesce(likeness_to_name(local, first_name, last_name) >= 0.85, false)
        )
    )
    and not list_contains(coalesce(first_forms, []), local);
"""

_SIMPLE = """
    select
        n.submission_id, n.received_seq, n.match_record_id as record_id,
        -- Versions of one record are of one person; as an id at the source they do not count.
        coalesce(
            nullif(n.source_system, '') || chr(31) || nullif(n.source_person_id, ''),
            'version' || chr(31) || n.version_key
        ) as source_person_key,
        case when nullif(n.source_person_id, '') is not null then nullif(n.source_system, '') end
            as source_system,
        case when not coalesce(n.is_role_email, false)
                  and not coalesce(n.is_disposable_email, false)
             then lower(n.email) end as own_email,
        translate(split_part(split_part(own_email, '@', 1), '+', 1), '._-', '') as local,
        list_transform(
            from_json(n.merged_person_ids, '["VARCHAR"]'),
            lambda person: n.source_system || chr(31) || person
        ) as merged_person_keys,
        list_transform(
            from_json(n.further_emails, '["VARCHAR"]'),
            lambda mail: canonical_mailbox(mail)
        ) as further_mailboxes,
        case when coalesce(n.is_role_email, false) or coalesce(n.is_disposable_email, false)
             then lower(n.email) end as shared_mailbox,
        case when not coalesce(n.is_free_email, false)
                  and not coalesce(n.is_disposable_email, false)
             then coalesce(h.registered, n.email_domain) end as work_domain,
        n.phone, n.linkedin_url as linkedin,
        coalesce(lf.latin, n.first_name) as given_words,
        coalesce(ll.latin, n.last_name) as family_words,
        fold(given_words) as first_name, fold(family_words) as last_name,
        fold_german(given_words) as spelled_first, fold_german(family_words) as spelled_last,
        script_of(n.first_name) as name_script, n.name_suffix as generation,
        list_concat(
            case when contains(family_words, ' ') or contains(family_words, '-')
                 then long_words_of(family_words)
                 when family_words is not null then [fold(family_words)] end,
            long_words_of(middle_of(n.full_name, n.first_name, n.last_name))
        ) as last_name_parts,
        n.company_key, n.company_domain,
        fold(n.city) as city, n.region, n.postal_code, n.country,
        lower(n.job_title) as job_title, n.custom_fields
    from (select n.* from {source}) as n
    left join match_latin as lf on lf.name = n.first_name
    left join match_latin as ll on ll.name = n.last_name
    left join match_mail_hosts as h on h.host = n.email_domain
"""

# {columns} of a match record, from `_SIMPLE`; `{own}` are fields of config/fields.yaml.
_DERIVED = """
    select
        s.submission_id, s.received_seq, s.record_id, s.source_person_key, s.source_system,
        s.merged_person_keys, s.further_mailboxes,
        canonical_mailbox(s.own_email) as mailbox,
        -- At one company, whichever of its hosts the mail goes to.
        split_part(mailbox, '@', 1) || '@' || s.work_domain as work_mailbox,
        -- jan.dejong2@ beside jan.dejong@: how companies tell namesakes apart.
        rtrim(split_part(mailbox, '@', 1), '0123456789')
            || '@' || coalesce(s.work_domain, split_part(mailbox, '@', 2)) as mailbox_stem,
        -- With an umlaut a name stands for how it is spelled out as well: Jörg for Joerg.
        list_distinct(list_append(
            coalesce(k.forms, case when s.first_name is not null then [s.first_name] end),
            s.spelled_first
        )) as first_forms,
        case when is_telling(s.local, s.first_name, first_forms, s.last_name)
                  and is_telling(s.local, s.spelled_first, [s.spelled_first], s.spelled_last)
             then s.local end as mailbox_local,
        s.shared_mailbox, s.work_domain, s.phone, s.linkedin,
        s.first_name, s.last_name, s.last_name_parts,
        coalesce(k.root, s.first_name) as first_root,
        left(coalesce(k.root, s.first_name), 1) as first_initial,
        words_of(s.given_words) as first_words,
        words_of(concat_ws(' ', s.given_words, s.family_words)) as name_words,
        parts_of(concat_ws(' ', s.given_words, s.family_words)) as name_parts,
        coalesce(k.family, case when s.first_name is not null then [s.first_name] end)
            as first_family,
        case when k.is_given_name then s.first_name end as known_first_name,
        s.name_script, s.generation,
        case when coalesce(s.company_key, s.company_domain) is null
                  or coalesce(s.own_email, s.linkedin, s.first_name, s.last_name) is not null
             then 'yes' end as person_named,
        least(coalesce(k.root, s.first_name), s.last_name) || chr(31)
            || greatest(coalesce(k.root, s.first_name), s.last_name) as name_key,
        s.company_key, coalesce(s.company_domain, s.work_domain) as company_domain,
        s.city, s.region, s.postal_code, s.country, s.job_title{own}
    from simple as s
    left join match_nicknames as k on k.name = s.first_name
"""


def prepare(connection: duckdb.DuckDBPyConnection, specification: LinkageSpecification) -> None:
    """Puts macros, the table of first names, what is known of names and mail hosts, and the list of
    one's own columns into the connection's temporary schema."""
    connection.execute(_canonical_domain(specification.mail_domains))
    connection.execute(_MACROS)
    _spell_names(connection)
    _register_hosts(connection)
    _store(connection, "own_match_columns", {"name": own_columns(specification)})
    names = pa.Table.from_pylist(_nickname_rows(specification.nicknames), schema=_NICKNAMES)
    for name, rows in (("given_nicknames", names), ("given_shares", read_shares(GIVEN_NAMES))):
        connection.register(name, rows)
    connection.execute(_NAMES, {"fewest": _KNOWN_SHARE})
    for name in ("given_nicknames", "given_shares"):
        connection.unregister(name)


_OTHER_LETTERS = """
    select distinct name from (
        select first_name as name from identity.normalized_submissions
        -- More bytes than letters: most names need no look.
        where strlen(first_name) > length(first_name)
        union all
        select last_name from identity.normalized_submissions
        where strlen(last_name) > length(last_name)
    )
"""


def _spell_names(connection: duckdb.DuckDBPyConnection) -> None:
    """Fills temp table `match_latin`: a row per name that is written in another script."""
    names = [str(row[0]) for row in connection.execute(_OTHER_LETTERS).fetchall()]
    others = [name for name in names if is_other_script(name)]
    spelled = [latin(name) for name in others]
    _store(connection, "match_latin", {"name": others, "latin": spelled})


_HOSTS = """
    select distinct email_domain from identity.normalized_submissions
    where email_domain like '%.%.%'
"""


def _register_hosts(connection: duckdb.DuckDBPyConnection) -> None:
    """Fills temp table `match_mail_hosts`: a row per host of mail below the domain that somebody
    registered, eu.acme.com."""
    found = {str(row[0]) for row in connection.execute(_HOSTS).fetchall()}
    below = {host: registrable_domain(host) for host in sorted(found)}
    hosts = {host: domain for host, domain in below.items() if domain and domain != host}
    _store(
        connection,
        "match_mail_hosts",
        {"host": list(hosts), "registered": list(hosts.values())},
    )


def _store(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, Sequence[str]]
) -> None:
    rows = pa.table({column: pa.array(held, pa.string()) for column, held in columns.items()})
    connection.register("given_rows_of_names", rows)
    connection.execute(f"create or replace temp table {name} as from given_rows_of_names")
    connection.unregister("given_rows_of_names")


def _canonical_domain(groups: Iterable[Sequence[str]]) -> str:
    """The macro that gives the first of a provider's domains for each of them."""
    cases = " ".join(f"when '{other}' then '{first}'" for first, *rest in groups for other in rest)
    named = f"case domain {cases} else domain end" if cases else "domain"
    return f"create or replace temp macro canonical_domain(domain) as {named}"


def _derived(connection: duckdb.DuckDBPyConnection) -> str:
    """SQL for match records from `simple`, with the columns that `prepare` was told of."""
    names = connection.execute("select name from own_match_columns").fetchall()
    return _DERIVED.format(
        own="".join(
            f", fold(json_extract_string(s.custom_fields, '$.{name}')) as {name}"
            for (name,) in names
        )
    )


_NICKNAMES = pa.schema(
    [
        ("name", pa.string()), ("forms", pa.list_(pa.string())), ("root", pa.string()),
        ("family", pa.list_(pa.string())),
    ]
)  # fmt: skip

# A given name is known as one from this share of the people of some country on.
_KNOWN_SHARE = 0.0003

_NAMES = """
create or replace temp table match_nicknames as
    with known as (
        select distinct fold(value) as name from given_shares where share >= $fewest
    )
    select coalesce(n.name, k.name) as name, n.forms, n.root, n.family,
        k.name is not null or n.name is not null as is_given_name
    from given_nicknames as n full join known as k on k.name = n.name
"""


# What is known of leads: a submission counts as the record it was resolved as, and where it is
# another one by now, as new (rereading.take_reread).
_KNOWN = """identity.lead_members as m
        join identity.normalized_submissions as n
            on n.submission_id = m.submission_id and n.match_record_id = m.match_record_id
        anti join moved_records as v on v.submission_id = m.submission_id"""


def collect_new(connection: duckdb.DuckDBPyConnection) -> int:
    """Fills temp table `match_new`: one row per submission without a lead, or of `moved_records`,
    with match columns.

    What is set aside is not among them. `is_known_record`: the record already belongs to a lead
    through an earlier submission. Returns the number of rows. Call `prepare` and `take_reread`
    first.
    """
    source = f"""(
            select n.* from identity.normalized_submissions as n
            anti join identity.lead_members as m on m.submission_id = n.submission_id
            anti join {held("resolve", "submission")} as h on h.subject_id = n.submission_id
            union all
            select n.* from identity.normalized_submissions as n
            semi join moved_records as v on v.submission_id = n.submission_id
        ) as n"""
    return count_rows(
        connection,
        f"""
        create or replace temp table match_new as
        with simple as ({_SIMPLE.format(source=source)}),
        derived as ({_derived(connection)})
        select d.*, m.match_record_id is not null as is_known_record
        from derived as d
        left join (
            select distinct match_record_id from identity.lead_members
            anti join moved_records using (submission_id)
        ) as m on m.match_record_id = d.record_id
        """,
    )


def collect_all(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Every match record there is, once, with the fields of its first received submission."""
    connection.execute(f"""
        create or replace temp table match_all as
        with simple as ({_SIMPLE.format(source="identity.normalized_submissions as n")}),
        derived as ({_derived(connection)})
        select *, false as is_known_record from derived
        qualify row_number() over (
            partition by record_id order by received_seq, submission_id
        ) = 1
    """)
    return connection.execute("from match_all order by record_id").to_arrow_table()


def collect_members(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Every submission that has a lead, with its match columns; call `prepare` first."""
    source = """identity.lead_members as m
        join identity.normalized_submissions as n on n.submission_id = m.submission_id"""
    return connection.execute(f"""
        with simple as ({_SIMPLE.format(source=source)}),
        derived as ({_derived(connection)})
        select *, false as is_known_record from derived
    """).to_arrow_table()


def collect_known(
    connection: duckdb.DuckDBPyConnection, specification: LinkageSpecification
) -> None:
    """Fills temp table `match_known`: the known submissions of records sharing a key with new ones.

    All members of a shared key are there, so that ranks within a key come out the same whatever
    the size of the run; a record's fields are those of its first received submission.
    """
    connection.execute(f"""
        create or replace temp table match_new_keys as
        {_new_keys_sql(specification)}
    """)
    shares_a_key = " or ".join(
        _shares_key(number, rule, specification) for number, rule in enumerate(specification.rules)
    )
    # Of all that is known only the keys are derived, of what shares one everything.
    connection.execute(f"""
        create or replace temp table match_sharing as
        with simple as ({_SIMPLE.format(source=_KNOWN)}),
        derived as ({_derived(connection)})
        select record_id from derived where {shares_a_key}
        union
        select record_id from match_new where is_known_record
    """)
    sharing = f"{_KNOWN} where m.match_record_id in (select record_id from match_sharing)"
    connection.execute(f"""
        create or replace temp table match_known as
        with simple as ({_SIMPLE.format(source=sharing)}),
        derived as ({_derived(connection)})
        from derived
    """)


def collect_matched(connection: duckdb.DuckDBPyConnection) -> None:
    """Fills temp table `matched_records` from `valued_records` (node, record_id, component): both
    with the match columns, a row for each submission of a record."""
    source = "identity.normalized_submissions as n"
    connection.execute(f"""
        create or replace temp table matched_records as
        with simple as (
            {_SIMPLE.format(source=source)}
            where n.match_record_id in (select record_id from valued_records)
        ),
        derived as ({_derived(connection)})
        select c.node, c.component, d.*
        from derived as d join valued_records as c on c.record_id = d.record_id
    """)


def collect_values(
    connection: duckdb.DuckDBPyConnection, limits: Sequence[ValueLimit]
) -> pd.DataFrame:
    """What records count with where their component holds more than a limit allows.

    Reads temp table `matched_records` (collect_matched). One row per node (`node`), place in
    `limits` (`limit`), value it is counted within (`within`, "" for all) and `value`.
    """
    if not limits:
        return NO_VALUES
    counted = " union all ".join(_counted(place, limit) for place, limit in enumerate(limits))
    return connection.execute(f"""
        with held as (
            select distinct node, component, "limit", within, value, at_most
            from ({counted})
            where within is not null and value is not null
        ),
        exceeding as (
            select component, "limit", within from held
            group by all having count(distinct value) > any_value(at_most)
        )
        select node, "limit", within, value from held
        semi join exceeding using (component, "limit", within)
        order by all
    """).df()


def _counted(place: int, limit: ValueLimit) -> str:
    """SQL for the values that number `place` of the limits counts, of each submission."""
    within = limit.within or "''"
    return (
        f'select node, component, {place} as "limit", {within} as within, '
        f"{limit.column} as value, {limit.at_most} as at_most from matched_records"
    )


def _shares_key(number: int, rule: BlockingRule, specification: LinkageSpecification) -> str:
    """SQL that is true for rows with a key of the rule that something new has."""
    keys = key_expressions(rule, specification)
    return " or ".join(f"({_is_among_new(number, key)})" for key in keys)


def _is_among_new(number: int, key: str) -> str:
    if key.startswith("unnest("):
        keys = f"(select list(key) from match_new_keys where rule = {number})"
        return f"list_has_any({key.removeprefix('unnest')}, {keys})"
    return f"({key}) in (select key from match_new_keys where rule = {number})"


def _new_keys_sql(specification: LinkageSpecification) -> str:
    """SQL for the rule and key of all that is new.

    A known record brings nothing new but what belongs to its new submission.
    """
    selects = []
    for number, rule in enumerate(specification.rules):
        known = "" if specification.of_submission(rule) else " where not is_known_record"
        selects += [
            f"select {number} as rule, {key} as key from match_new{known}"
            for key in key_expressions(rule, specification)
        ]
    return f"select distinct rule, key from ({' union all '.join(selects)}) where key is not null"


def _nickname_rows(groups: Iterable[tuple[str, ...]]) -> list[dict[str, object]]:
    """One row per first name: what it may stand for, one root for blocking, all of its groups."""
    known = nickname_knowledge(groups)
    return [
        {
            "name": name,
            "forms": list(forms),
            "root": known.roots[name],
            "family": list(known.families[name]),
        }
        for name, forms in known.forms.items()
    ]
