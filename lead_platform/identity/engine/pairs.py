"""Pairs of match records: which are compared, how alike they are, and what follows from it.

Owns blocking, the decision with its reason, and the parts that explain it. Pairs are kept that
merge, that wait for a person (`review`, or `cannot_link` where a guard speaks against them), and
that a guard keeps `apart` without asking anybody. A pair's decision depends on its two records, the
specification and the model alone; what guards say of records nobody compared is guards.py's.
"""

from dataclasses import dataclass
from math import log2

import duckdb
import pyarrow as pa

from lead_platform.identity.engine.blocking import key_expressions
from lead_platform.identity.engine.guards import guard_sql, speaks_against_sql
from lead_platform.identity.engine.matching import level_sql, score_pairs
from lead_platform.identity.engine.model import Household, MatchModel
from lead_platform.identity.engine.specification import (
    APART,
    CANNOT_LINK,
    DOUBT_RULE,
    MISSING,
    MODEL_RULE,
    Comparison,
    Guard,
    LinkageSpecification,
)
from lead_platform.lake.brake import interruptible
from lead_platform.lake.statements import count_rows

# Records from which on a second thread is worth waking for each of matching's hundred statements.
_MANY_RECORDS = 20_000

# What brings a pair together that shares no key but is asked for.
ASKED_RULE = "known_pair"


@dataclass(frozen=True)
class PairFindings:
    """What a run compared and kept. `pairs`: rows as in identity.match_pairs."""

    candidates: int
    bounded_keys: int
    pairs: pa.Table


def open_scratch(records: int) -> duckdb.DuckDBPyConnection:
    """A database beside the lake to compare so many records in."""
    few = {"threads": "1"} if records < _MANY_RECORDS else {}
    scratch = duckdb.connect(config={**few})
    scratch.execute("set enable_progress_bar = false")
    return scratch


def take_as_new(scratch: duckdb.DuckDBPyConnection, records: pa.Table) -> None:
    """Fills what `find_pairs` reads so that all records are new, and each is compared with each."""
    scratch.register("given_records", records)
    scratch.execute("create table new_rows as from given_records")
    scratch.execute("create table known_rows as from new_rows limit 0")
    scratch.unregister("given_records")


def find_pairs(
    scratch: duckdb.DuckDBPyConnection,
    specification: LinkageSpecification,
    model: MatchModel,
    *,
    asked: pa.Table | None = None,
) -> PairFindings:
    """Compares what shares a key and keeps what merges or waits for a person.

    Reads from `scratch` the tables `new_rows` and `known_rows` (as records.py collects them);
    leaves `records`, `candidates` and `kept_pairs` there. `asked` are pairs (left_record_id,
    right_record_id) that are compared and returned whatever they share and whatever is decided:
    `drop` where they are apart.
    """
    specification = specification.rarity_known(model.term_frequencies)
    with interruptible(scratch.interrupt):
        _number_records(scratch)
        candidates, bounded = _list_candidates(scratch, specification, asked)
        if candidates:
            scores = score_pairs(scratch, specification, model)
            scratch.execute(_decision_sql(scores, specification, model), {"model": model.version})
        else:
            scratch.execute(_NO_PAIRS)
        pairs = scratch.execute("from kept_pairs order by pair_id").to_arrow_table()
    return PairFindings(candidates, bounded, pairs)


_NONE_ASKED = pa.table(
    {"left_record_id": pa.array([], pa.string()), "right_record_id": pa.array([], pa.string())}
)

_NO_PAIRS = """
    create or replace table kept_pairs (
        pair_id varchar, left_record_id varchar, right_record_id varchar, rule varchar,
        match_probability double, match_weight double, decision varchar, reason varchar,
        parts varchar, model_version varchar
    )
"""


def _number_records(scratch: duckdb.DuckDBPyConnection) -> None:
    """One row per record, with the fields of its first received submission and a short key.

    Numbers follow the order of record ids, so that left and right of a pair are the same in
    every run.
    """
    scratch.execute("""
        create or replace table records as
        with submissions as (
            select * exclude (is_known_record), false as is_known from new_rows
            union all by name
            select *, true as is_known from known_rows
        )
        select row_number() over (order by record_id) as record_no, *
        from submissions
        qualify row_number() over (
            partition by record_id order by received_seq, submission_id
        ) = 1
    """)


_ASKED = """
create or replace table asked_pairs as
    select distinct least(l.record_no, r.record_no) as left_no,
        greatest(l.record_no, r.record_no) as right_no
    from given_asked as a
    join records as l on l.record_id = a.left_record_id
    join records as r on r.record_id = a.right_record_id
"""


def _list_candidates(
    scratch: duckdb.DuckDBPyConnection,
    specification: LinkageSpecification,
    asked: pa.Table | None,
) -> tuple[int, int]:
    """Fills `candidates` (left_no, right_no, rule, is_asked); how many, and how many keys were
    bounded.

    What is asked and shares no key has the number after the last rule's. Within a key, each record
    meets those among the first `window` received: a record's place there never changes once it is
    in, so slices compare what one load compares.
    """
    scratch.register("given_asked", _NONE_ASKED if asked is None else asked)
    scratch.execute(_ASKED)
    scratch.unregister("given_asked")
    scratch.execute(_keys_sql(specification))
    window = _windows(specification)
    candidates = count_rows(
        scratch,
        f"""
        create or replace table candidates as
        with ranked as (
            select rule, key, record_no, is_new, source,
                row_number() over (partition by rule, key order by first_seq, record_no) as place
            from match_keys
        ),
        meetings as (
            select a.record_no as a_no, b.record_no as b_no, b.rule
            from ranked as a
            join ranked as b on b.rule = a.rule and b.key = a.key and b.place > a.place
            where a.place <= {window.format(rule="a.rule")} and (a.is_new or b.is_new)
                {_apart(specification)}
        ),
        met as (
            select least(a_no, b_no) as left_no, greatest(a_no, b_no) as right_no,
                min(rule) as rule
            from meetings group by all
        )
        select coalesce(m.left_no, a.left_no) as left_no,
            coalesce(m.right_no, a.right_no) as right_no,
            coalesce(m.rule, {len(specification.rules)}) as rule, a.left_no is not null as is_asked
        from met as m
        full join asked_pairs as a on a.left_no = m.left_no and a.right_no = m.right_no
        """,
    )
    row = scratch.execute(
        "select count(*) from (select 1 from match_keys group by rule, key "
        f"having count(*) > {window.format(rule='rule')})"
    ).fetchone()
    return candidates, int(row[0]) if row else 0


def _windows(specification: LinkageSpecification) -> str:
    """SQL for the window of rule number `{rule}`."""
    usual = specification.blocking.window
    own = [
        f"when {number} then {rule.window}"
        for number, rule in enumerate(specification.rules)
        if rule.window
    ]
    return f"case {{rule}} {' '.join(own)} else {usual} end" if own else str(usual)


def _apart(specification: LinkageSpecification) -> str:
    """SQL that keeps pairs of one source out, where only records of two are compared."""
    return "and a.source is distinct from b.source" if specification.blocking.between else ""


def _keys_sql(specification: LinkageSpecification) -> str:
    """One row per rule, key and record, for the keys that new records have and others share."""
    selects = []
    for number, rule in enumerate(specification.rules):
        keys = key_expressions(rule, specification)
        from_new = "true" if specification.of_submission(rule) else "not is_known_record"
        for table, is_new in (("new_rows", from_new), ("known_rows", "false")):
            selects += [
                f"select {number} as rule, {key} as key, record_id, received_seq, "
                f"{is_new} as is_new from {table}"
                for key in keys
            ]
    source = specification.blocking.between
    return f"""
        create or replace table match_keys as
        with keys as ({" union all ".join(selects)}),
        per_record as (
            select rule, key, record_id, min(received_seq) as first_seq,
                -- A key the record had before brings no new meeting.
                bool_and(is_new) as is_new
            from keys where key is not null group by all
        )
        select p.rule, p.key, r.record_no, p.first_seq, p.is_new,
            {f"r.{source}" if source else "null"} as source
        from per_record as p
        join records as r on r.record_id = p.record_id
        qualify count(*) over (partition by p.rule, p.key) > 1
            and bool_or(p.is_new) over (partition by p.rule, p.key)
    """


def _decision_sql(scores: list[str], specification: LinkageSpecification, model: MatchModel) -> str:
    """Fills `kept_pairs` from the scores: levels by name, rule, guard, decision, parts."""
    exact = len(specification.exact_keys)
    rule_names = _cases("c.rule", [*(rule.name for rule in specification.rules), ASKED_RULE])
    levels = ",\n".join(
        [
            *(f"{_level_name(c)} as level_{c.name}" for c in specification.comparisons),
            *(
                f"{level_sql(c, 'l', 'r')} as level_{c.name}"
                for c in specification.guard_comparisons
            ),
        ]
    )
    guards = " ".join(
        f"when {_guard_condition(guard, specification)} then {number}"
        for number, guard in enumerate(specification.guards)
    )
    held_back = [_held_back(guard, specification) for guard in specification.guards]
    thresholds = specification.thresholds
    all_scores = " union all by name ".join(f"from {table}" for table in scores)
    if model.household is not None:
        all_scores = _less_household(all_scores, specification, model, model.household)
    return f"""
        create or replace table kept_pairs as
        with scored as (
            select s.*, l.record_id as left_record_id, r.record_id as right_record_id, c.rule,
                {rule_names} as rule_name, c.rule < {exact} as is_exact, c.is_asked,
                {levels}
            from ({all_scores}) as s
            join candidates as c on c.left_no = s.record_no_l and c.right_no = s.record_no_r
            join records as l on l.record_no = s.record_no_l
            join records as r on r.record_no = s.record_no_r
            where c.rule < {exact} or c.is_asked or s.match_probability >= {thresholds.review}
        ),
        guarded as (
            select *, {f"case {guards} end" if guards else "null"} as guard from scored
        ),
        decided as (
            select *,
                case when guard is not null
                    then {_choice("guard", held_back)}
                    when is_exact or match_probability >= {thresholds.merge} then 'merge'
                    when match_probability >= {thresholds.review} then 'review'
                    else 'drop'
                end as decision,
                case when guard is not null
                    then {_cases("guard", [f"{g.name}: {g.reason}" for g in specification.guards])}
                    when is_exact then 'same ' || rule_name
                    when match_probability >= {thresholds.merge}
                    then 'probability at or above the merge threshold {thresholds.merge}'
                    when match_probability >= {thresholds.review}
                    then 'probability between the thresholds {thresholds.review} and '
                        || '{thresholds.merge}'
                    else 'probability below the review threshold {thresholds.review}'
                end as reason
            from guarded
        )
        select
            'pair_' || left(sha256(left_record_id || chr(31) || right_record_id), 24) as pair_id,
            left_record_id, right_record_id, rule_name as rule, match_probability, match_weight,
            decision, reason, {_parts(specification, model)} as parts, $model as model_version
        from decided
        where decision <> 'drop' or is_asked
    """


def _held_back(guard: Guard, specification: LinkageSpecification) -> str:
    """SQL for what becomes of a pair that a guard holds back: it binds where something differs."""
    differs = speaks_against_sql(guard, specification)
    if guard.decision == "drop":
        return f"case when {differs} then '{APART}' else 'drop' end"
    return f"case when {differs} then '{CANNOT_LINK}' else 'review' end"


def _level_name(comparison: Comparison) -> str:
    """SQL for the level's name. Splink numbers levels from the best down to 0, missing is -1."""
    best = len(comparison.level_names) - 1
    cases = " ".join(
        f"when {best - place} then '{name}'" for place, name in enumerate(comparison.level_names)
    )
    return f"case gamma_{comparison.name} {cases} else '{MISSING}' end"


def _guard_condition(guard: Guard, specification: LinkageSpecification) -> str:
    numbers = {key.name: number for number, key in enumerate(specification.exact_keys)}
    applies = [f"rule = {numbers[name]}" for name in guard.applies_to if name in numbers]
    if MODEL_RULE in guard.applies_to:
        applies.append("not is_exact")
    if DOUBT_RULE in guard.applies_to:
        in_doubt = f"match_probability < {specification.thresholds.merge}"
        applies.append(f"(not is_exact and {in_doubt})")
    return f"({' or '.join(applies)}) and {guard_sql(guard)}"


def _less_household(
    scores: str, specification: LinkageSpecification, model: MatchModel, household: Household
) -> str:
    """SQL for the scores where it counts against a pair that two people of one household would
    show the same: of the chances of a match, those against a stranger or such a pair are left.

    With odds a for one person and b for a household, both against strangers, a becomes a / (1 + b).
    """
    terms = [repr(log2(household.prior / (1 - household.prior)))]
    for comparison in specification.comparisons:
        shown = household.comparisons[comparison.name]
        weights = [
            log2(shown[level] / model.rates(comparison.name, level).u)
            for level in comparison.level_names
        ]
        # Splink numbers levels from the best down to 0, missing is -1.
        cases = " ".join(
            f"when {len(weights) - 1 - place} then {weight!r}"
            for place, weight in enumerate(weights)
        )
        terms.append(f"case gamma_{comparison.name} {cases} else 0 end")
        if not comparison.individual and any(level.rarity for level in comparison.levels):
            # A rare name that they share says as much of a family.
            terms.append(f"coalesce(mw_tf_adj_{comparison.name}, 0)")
    return f"""
        with told as (
            select *, -log2(1 + pow(2, least(1000, {" + ".join(terms)}))) as mw_household
            from ({scores})
        )
        select * replace (
            match_weight + mw_household as match_weight,
            1 / (1 + pow(2, -(match_weight + mw_household))) as match_probability
        ) from told
    """


def _parts(specification: LinkageSpecification, model: MatchModel) -> str:
    """SQL for the JSON list of what the weight is made of; no values, so no personal data."""
    weights = {
        c.name: f"mw_{c.name} + mw_tf_adj_{c.name}"
        if any(level.rarity for level in c.levels)
        else f"mw_{c.name}"
        for c in specification.comparisons
    }
    levels = {name: f"level_{name}" for name in weights}
    if model.household is not None:
        weights["household"], levels["household"] = "mw_household", "'shared'"
    structs = ", ".join(
        f"{{'comparison': '{name}', 'level': {levels[name]}, "
        f"'weight': round({weight}, 3), 'bayes_factor': round(pow(2, {weight}), 6)}}"
        for name, weight in weights.items()
    )
    return f"to_json([{structs}])::varchar"


def _cases(expression: str, values: list[str]) -> str:
    return _choice(expression, [_quoted(value) for value in values])


def _choice(expression: str, results: list[str]) -> str:
    """SQL for the one of `results`, each SQL itself, whose place `expression` has."""
    if not results:
        return "null"
    cases = " ".join(f"when {number} then {result}" for number, result in enumerate(results))
    return f"case {expression} {cases} end"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
