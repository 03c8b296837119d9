"""How far blocking reaches: who has the key of each rule, who shares it, how skewed it is.

Owns these counts over match records; nothing is compared.
"""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from lead_platform.identity.engine.blocking import key_expressions
from lead_platform.identity.engine.specification import BlockingRule, LinkageSpecification


@dataclass(frozen=True)
class RuleCoverage:
    """`filled`: records with the rule's key; `sharing`: those that share it with another; `keys`:
    keys that are shared; `largest`: records of the commonest; `pairs`: what is compared by it,
    within the window; `bounded`: keys that more records share than the window holds."""

    rule: str
    filled: int
    sharing: int
    keys: int
    largest: int
    pairs: int
    bounded: int


def rule_coverage(records: pa.Table, specification: LinkageSpecification) -> list[RuleCoverage]:
    """The reach of each exact key and blocking rule over `records`, in the order of the rules."""
    with duckdb.connect() as scratch:
        scratch.execute("set enable_progress_bar = false")
        scratch.register("records", records)
        return [_covered(scratch, rule, specification) for rule in specification.rules]


_SIZES = """
with keys as ({selects}),
sizes as (
    select key, count(distinct record_id) as n, least(n, {window}) as met
    from keys where key is not null group by key
)
select
    (select count(distinct record_id) from keys where key is not null),
    (select count(distinct record_id) from keys semi join (from sizes where n > 1) using (key)),
    count(*) filter (n > 1), coalesce(max(n), 0),
    coalesce(sum(met * n - met * (met + 1) / 2), 0), count(*) filter (n > {window})
from sizes
"""


def _covered(
    scratch: duckdb.DuckDBPyConnection, rule: BlockingRule, specification: LinkageSpecification
) -> RuleCoverage:
    keys = key_expressions(rule, specification)
    selects = " union all ".join(f"select record_id, {key} as key from records" for key in keys)
    window = rule.window or specification.blocking.window
    row = scratch.execute(_SIZES.format(selects=selects, window=window)).fetchone()
    assert row is not None
    return RuleCoverage(rule.name, *(int(value) for value in row))
