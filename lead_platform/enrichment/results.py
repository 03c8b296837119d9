"""Asks providers about leads and keeps what they say: `enrichment.enrichment_results`.

A provider that breaks flags the leads it breaks on and stops nothing. What changed nothing
since the last answer is not asked again.
"""

import functools
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import duckdb
import pandas as pd

from lead_platform.enrichment.configuration import EnabledProvider
from lead_platform.enrichment.provider import (
    ANSWER_COLUMNS,
    FAILED,
    NOT_SET_UP,
    STATUSES,
    EnrichmentError,
    NotSetUpError,
    Provider,
)
from lead_platform.instants import CLOCKS_DIFFER_BY
from lead_platform.lake.brake import check_brake
from lead_platform.lake.faults import work_around
from lead_platform.lake.quarantine import held

RESULT_COLUMNS = (
    "result_id", "lead_id", "provider", "request_key", "status", "attributes", "source",
    "source_as_of", "reason", "requested_at", "provider_version",
)  # fmt: skip
_SEPARATOR = "|"
_EVERY_ROW = 2**62
_LOG = logging.getLogger(__name__)

# Due: never answered, answered too long ago, or failed a while ago; of what another version has
# answered, so many.
_PENDING = """
with requests as (
    select lead_id, {request_key} as request_key, {columns} from identity.leads
    anti join {held} as held on lead_id = held.subject_id
),

judged as (
    select
        requests.*,
        results.result_id is null
        or (results.status <> 'failed' and results.requested_at <= $expired_before)
        or (
            results.status = 'failed'
            and (results.requested_at <= $failed_before or results.requested_at > $to_come)
        ) as is_due,
        results.provider_version is distinct from $version as is_behind
    from requests
    left join enrichment.enrichment_results as results
        on requests.lead_id = results.lead_id
        and results.provider = $provider
        and requests.request_key = results.request_key
    where requests.request_key is not null
)

select * exclude (is_due, is_behind) from judged where is_due
union all
(
    select * exclude (is_due, is_behind) from judged
    where is_behind and not is_due
    order by lead_id
    limit $rows
)
order by lead_id
"""

_SUPERSEDED = """
select results.result_id
from enrichment.enrichment_results as results
left join identity.leads as leads on results.lead_id = leads.lead_id
where results.request_key is distinct from case results.provider {request_keys} end
    and results.provider in (select unnest($providers::varchar[]))
    -- A lead that was merged away may live again; what is known of it waits for that.
    and results.lead_id not in (
        select lead_id from identity.lead_crosswalk where relation = 'merged_into'
    )
order by results.result_id
"""

_REPLACE = """
delete from enrichment.enrichment_results where result_id in (select result_id from replaced);
"""

_ADD = f"""
insert into enrichment.enrichment_results ({", ".join(RESULT_COLUMNS)})
select {", ".join(RESULT_COLUMNS)} from added
"""


def enrich_pending(
    connection: duckdb.DuckDBPyConnection,
    providers: Sequence[EnabledProvider],
    as_of: datetime,
    *,
    rows: int = 0,
) -> pd.DataFrame:
    """Asks each provider about the leads that are due, and about `rows` of those that another
    version of it has answered; rows of enrichment_results.

    Reads identity.leads and enrichment.enrichment_results, so a reader's connection will do.
    """
    answered = [
        enrich_leads(pending_requests(connection, enabled, as_of, rows), [enabled.provider], as_of)
        for enabled in providers
    ]
    return _stacked(answered)


def count_behind(
    connection: duckdb.DuckDBPyConnection, providers: Sequence[EnabledProvider], as_of: datetime
) -> int:
    """How many answers are of other versions of their providers, and not due for another reason."""
    total = 0
    for enabled in providers:
        query, bound = _pending_query(enabled, as_of, _EVERY_ROW)
        row = connection.execute(f"select count(*) from ({query})", bound).fetchone()
        due = connection.execute(f"select count(*) from ({query})", {**bound, "rows": 0}).fetchone()
        total += (int(row[0]) if row else 0) - (int(due[0]) if due else 0)
    return total


def pending_requests(
    connection: duckdb.DuckDBPyConnection,
    enabled: EnabledProvider,
    as_of: datetime,
    rows: int = 0,
) -> pd.DataFrame:
    """The leads one provider is to be asked about: lead_id, request_key, its columns."""
    query, bound = _pending_query(enabled, as_of, rows)
    return connection.execute(query, bound).to_arrow_table().to_pandas()


def _pending_query(
    enabled: EnabledProvider, as_of: datetime, rows: int
) -> tuple[str, dict[str, Any]]:
    provider = enabled.provider
    query = _PENDING.format(
        request_key=_request_key_sql(provider, "leads"),
        columns=", ".join(_quoted(column) for column in provider.request_columns),
        held=held("enrich", "lead"),
    )
    bound = {
        "provider": provider.name,
        "version": provider.version,
        "expired_before": _naive(as_of) - enabled.ttl,
        "failed_before": _naive(as_of) - enabled.retry_after,
        "to_come": _naive(as_of) + CLOCKS_DIFFER_BY,
        "rows": rows,
    }
    return query, bound


def superseded_results(
    connection: duckdb.DuckDBPyConnection, providers: Sequence[EnabledProvider]
) -> list[str]:
    """Ids of results whose lead now asks something else, asks nothing, or is gone.

    Those of leads merged away stay: an undo brings the lead back, and they count again.
    """
    if not providers:
        return []
    names = [enabled.provider.name for enabled in providers]
    request_keys = " ".join(
        f"when $providers[{place}] then {_request_key_sql(enabled.provider, 'leads')}"
        for place, enabled in enumerate(providers, start=1)
    )
    query = _SUPERSEDED.format(request_keys=request_keys)
    return [row[0] for row in connection.execute(query, {"providers": names}).fetchall()]


def write_results(
    connection: duckdb.DuckDBPyConnection,
    results: pd.DataFrame,
    superseded: Sequence[str] = (),
) -> None:
    """Replaces results of the same id by `results` and removes the superseded ones."""
    if results.empty and not superseded:
        return
    replaced = pd.DataFrame({"result_id": [*results["result_id"], *superseded]}, dtype="str")
    connection.register("replaced", replaced)
    connection.register("added", results)
    try:
        connection.execute(_REPLACE)
        connection.execute(_ADD)
    finally:
        connection.unregister("replaced")
        connection.unregister("added")


def keep_answers(
    connection: duckdb.DuckDBPyConnection,
    answers: pd.DataFrame,
    providers: Sequence[EnabledProvider],
) -> dict[str, int]:
    """Writes answers obtained earlier, leaving out those whose lead has meanwhile changed, or been
    set aside.

    Returns the counts a person wants to see: answers by status.
    """
    left_out = {row[0] for row in connection.execute(f"from {held('enrich', 'lead')}").fetchall()}
    answers = answers[~answers["lead_id"].isin(left_out)]
    write_results(connection, answers)
    # A lead may have merged away, or ask something else, since its provider was asked.
    write_results(connection, answers.head(0), superseded_results(connection, providers))
    counts = answers["status"].value_counts()
    return {str(status): int(count) for status, count in counts.items()}


def enrich_leads(
    leads: pd.DataFrame, providers: Sequence[Provider], as_of: datetime
) -> pd.DataFrame:
    """What the providers say of `leads`: one row of RESULT_COLUMNS per lead and provider asked.

    `leads` has lead_id and the providers' request columns. A lead without a request key is not
    asked about. The rows are ordered by provider as given, then as in `leads`.
    """
    answers = []
    for provider in providers:
        check_brake()
        answers.append(_ask(provider, leads, as_of))
    return _stacked(answers)


def request_keys(leads: pd.DataFrame, provider: Provider) -> pd.Series:
    """The request key per lead: its request columns joined by |, null where all are null."""
    columns = leads[list(provider.request_columns)]
    texts = columns.astype("str").fillna("")
    rows = zip(*(texts[name].tolist() for name in texts.columns), strict=True)
    joined = pd.Series(map(_SEPARATOR.join, rows), index=leads.index, dtype="str")
    return joined.where(columns.notna().any(axis=1))


def _request_key_sql(provider: Provider, table: str) -> str:
    columns = [f"{table}.{_quoted(column)}" for column in provider.request_columns]
    filled = f" || '{_SEPARATOR}' || ".join(
        f"coalesce(cast({column} as varchar), '')" for column in columns
    )
    return f"case when coalesce({', '.join(columns)}) is not null then {filled} end"


def _quoted(column: str) -> str:
    """A column name from a provider's code; anything else but a plain name is a mistake there."""
    if not column.isidentifier():
        raise ValueError(f"{column!r} is no column of identity.leads; correct request_columns")
    return f'"{column}"'


def _ask(provider: Provider, leads: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    asked = leads.assign(request_key=request_keys(leads, provider)).dropna(subset=["request_key"])
    requests = asked.drop_duplicates("request_key")[["request_key", *provider.request_columns]]
    if requests.empty:
        return _empty_results()
    ask = functools.partial(_answers, provider, as_of=as_of)
    try:
        answers, faults = work_around(ask, requests.reset_index(drop=True), "request_key")
    except Exception as error:  # whatever a provider does, its leads are flagged and work goes on
        _LOG.warning("provider %s failed on %d requests", provider.name, len(requests))
        answers, faults = _failure(requests, type(error).__name__), []
    failed = [
        _failure(requests[requests["request_key"] == fault.subject_id], fault.error)
        for fault in faults
    ]
    answers = pd.concat([answers, *failed], ignore_index=True)
    answered = asked[["lead_id", "request_key"]].merge(answers, on="request_key", how="left")
    is_unanswered = answered["status"].isna()
    answered.loc[is_unanswered, "status"] = FAILED
    answered.loc[is_unanswered, "reason"] = "the provider gave no answer"
    return _typed(answered, provider, as_of)


def _answers(provider: Provider, requests: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """What the provider says; where it says that it cannot, no request has an answer."""
    try:
        return _checked(provider.enrich(requests, as_of))
    except NotSetUpError as error:
        return _failure(requests, str(error), NOT_SET_UP)
    except EnrichmentError as error:
        _LOG.warning("provider %s failed on %d requests", provider.name, len(requests))
        return _failure(requests, str(error))


def _checked(answers: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in ANSWER_COLUMNS if name not in answers]
    if missing:
        raise EnrichmentError(f"the provider's answer lacks {', '.join(missing)}")
    unknown = set(answers["status"]) - set(STATUSES)
    if unknown:
        raise EnrichmentError(f"unknown status {', '.join(map(str, sorted(unknown)))}")
    if answers["request_key"].duplicated().any():
        raise EnrichmentError("the provider answered a request twice")
    # Here, so that a date that is none costs its request alone.
    dates = pd.to_datetime(answers["source_as_of"]).astype("datetime64[us]")
    return answers.assign(source_as_of=dates)[list(ANSWER_COLUMNS)].astype(object)


def _failure(requests: pd.DataFrame, reason: str, status: str = FAILED) -> pd.DataFrame:
    answers = pd.DataFrame({"request_key": requests["request_key"]}).assign(
        status=status, attributes="{}", source=None, source_as_of=None, reason=reason
    )
    return answers[list(ANSWER_COLUMNS)].astype(object)


def _typed(answered: pd.DataFrame, provider: Provider, as_of: datetime) -> pd.DataFrame:
    frame = answered.assign(
        attributes=answered["attributes"].where(answered["attributes"].notna(), "{}"),
        source_as_of=pd.to_datetime(answered["source_as_of"]).astype("datetime64[us]"),
        provider=provider.name,
        provider_version=provider.version,
        requested_at=pd.Timestamp(_naive(as_of)).as_unit("us"),
    )
    frame["result_id"] = [
        _result_id(lead_id, provider.name, key)
        for lead_id, key in zip(frame["lead_id"], frame["request_key"], strict=True)
    ]
    texts = [name for name in RESULT_COLUMNS if name not in ("source_as_of", "requested_at")]
    return frame[list(RESULT_COLUMNS)].astype(dict.fromkeys(texts, "str"))


def _naive(instant: datetime) -> datetime:
    """The instant as the lake keeps it: UTC without saying so."""
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


def _result_id(lead_id: str, provider: str, request_key: str) -> str:
    text = "\x1f".join([lead_id, provider, request_key])
    return "enr_" + sha256(text.encode()).hexdigest()[:24]


def _empty_results() -> pd.DataFrame:
    instants = ("source_as_of", "requested_at")
    return pd.DataFrame(
        {
            name: pd.Series(dtype="datetime64[us]" if name in instants else "str")
            for name in RESULT_COLUMNS
        }
    )


def _stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else _empty_results()
