"""The whole story of one lead: submissions, merges and why, profile, score, routing, history."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lead_platform.cli.pages.rows import Rows, fetch_rows
from lead_platform.cli.pages.survivorship import tell_why
from lead_platform.cli.pages.waterfall import render_waterfall
from lead_platform.fields import FieldCatalogue
from lead_platform.governance.quarantine import Entry, list_entries_of_lead
from lead_platform.identity.engine.evidence import tell_parts
from lead_platform.identity.leads.reversal import holding_edges
from lead_platform.lake.switches import Switch


class UnknownLeadError(LookupError):
    """Nobody goes by what was asked for."""


@dataclass(frozen=True)
class Story:
    """Everything the release knows of one lead, oldest first where there is an order."""

    fields: FieldCatalogue
    lead_id: str
    asked_for: str
    retired_ids: list[str]
    split_from: str | None
    profile: dict[str, Any]
    submissions: Rows
    merges: Rows
    reviews: Rows
    events: Rows
    outcomes: Rows
    account: dict[str, Any]
    enrichment: Rows
    score: dict[str, Any]
    contributions: Rows
    assignment: dict[str, Any]
    decisions: Rows
    history: Rows
    set_aside: Sequence[Entry]
    switched_off: Sequence[Switch]


def tell_story(
    connection: duckdb.DuckDBPyConnection,
    who: str,
    fields: FieldCatalogue,
    switches: Sequence[Switch] = (),
) -> Story:
    """The story of the lead an address, a lead id (retired ones too), a submission id or the value
    of a searchable field names; `switches` of all workflows as they are now.

    Raises UnknownLeadError.
    """
    lead_id = find_lead(connection, who, fields)
    parameters = {"lead_id": lead_id}

    def rows(query: str) -> Rows:
        return fetch_rows(connection, query, parameters)

    def first(query: str) -> dict[str, Any]:
        found = rows(query)
        return found[0] if found else {}

    return Story(
        fields=fields,
        lead_id=lead_id,
        asked_for=who,
        retired_ids=[row["lead_id"] for row in rows(_RETIRED)],
        split_from=first(_SPLIT_FROM).get("related_lead_id"),
        profile=first(_PROFILE) or first(_LEAD),
        submissions=rows(_SUBMISSIONS),
        merges=_chain(connection, lead_id),
        reviews=rows(_REVIEWS),
        events=rows(_EVENTS),
        outcomes=rows(_OUTCOMES),
        account=first(_ACCOUNT),
        enrichment=rows(_ENRICHMENT),
        score=first(_SCORE),
        contributions=rows(_CONTRIBUTIONS),
        assignment=first(_ASSIGNMENT),
        decisions=rows(_DECISIONS),
        history=rows(_HISTORY),
        set_aside=list_entries_of_lead(connection, lead_id),
        switched_off=[
            switch
            for switch in switches
            if not switch.is_enabled and switch.workflow not in _ABOUT_NO_LEAD
        ],
    )


def find_lead(
    connection: duckdb.DuckDBPyConnection, who: str, fields: FieldCatalogue | None = None
) -> str:
    """The living lead that `who` names; by searchable fields too where `fields` are given.

    Raises UnknownLeadError with the next step.
    """
    searchable = fields.searchable if fields else ()
    by_field = "".join(
        _FIND_BY_FIELD.format(value=field.text("custom_fields")) for field in searchable
    )
    row = connection.execute(
        _FIND.format(by_field=by_field), {"who": who.strip(), "email": who.strip().lower()}
    ).fetchone()
    if row is None:
        raise UnknownLeadError(
            f"No lead goes by {who!r}. Known are e-mail addresses, lead ids (retired ones too) "
            "and submission ids; look one up with: lead-platform sql "
            '"select lead_id, email from identity.leads limit 10"'
        )
    return str(row[0])


def render_story(story: Story) -> RenderableType:
    """The story top to bottom in the order of the layers."""
    lines = {
        "Submissions": [_submission_line(row) for row in story.submissions],
        "Why they are one person": [_chain_line(row) for row in story.merges],
        "Waiting for a person's verdict": [_merge_line(row) for row in story.reviews],
        "Set aside": [_hold_line(entry) for entry in story.set_aside],
        "Switched off": [_switch_line(switch) for switch in story.switched_off],
        "Enrichment": [_enrichment_line(row) for row in story.enrichment],
        "Behaviour": [_event_line(row) for row in story.events],
        "Outcomes": [_outcome_line(row) for row in story.outcomes],
    }
    sections: list[RenderableType] = [_headline(story)]
    sections += [render_section(title, entries) for title, entries in lines.items()]
    return Group(
        *sections,
        _table("Profile", ("field", "value", "source", "because"), _profile_rows(story)),
        _table(_score_title(story.score), ("points", "part", "because"), _score_rows(story)),
        render_section("Routing", [_decision_line(row) for row in story.decisions]),
        render_section("History", [_history_line(row) for row in story.history]),
    )


def render_chain(connection: duckdb.DuckDBPyConnection, lead_id: str) -> RenderableType:
    """The chain of edges that holds a lead together, each with its evidence."""
    edges = _chain(connection, lead_id)
    sections: list[RenderableType] = [
        render_section(f"What holds {lead_id} together", [_chain_line(row) for row in edges])
    ]
    for row in edges:
        if row["parts"]:
            sections.append(Text(f"{row['left']} and {row['right']}", style="bold"))
            sections.append(render_waterfall(row["parts"], row["weight"], row["probability"]))
    return Group(*sections)


def _chain(connection: duckdb.DuckDBPyConnection, lead_id: str) -> Rows:
    """The fewest and strongest edges over a lead's records, with pair, decision or verdict."""
    return [
        row
        for _, left, right in holding_edges(connection, lead_id)
        for row in fetch_rows(connection, _EDGE, {"left": left, "right": right})
    ]


def _headline(story: Story) -> Panel:
    profile = story.profile
    place = _joined(profile.get("city"), profile.get("country"), by=", ")
    lines = [
        _joined(
            profile.get("full_name") or "(no name)",
            profile.get("job_title"),
            profile.get("company_name"),
            place,
        ),
        _joined(profile.get("email"), profile.get("phone")),
        str(story.assignment.get("explanation") or "Not routed yet."),
    ]
    if profile.get("employer_changed_at"):
        lines.append(
            f"Changed employer by {_day(profile['employer_changed_at'])}: was with "
            f"{profile['former_company_name']}."
        )
    if story.account:
        account = story.account
        others = account["lead_count"] - 1
        lines.append(
            f"Account {account['account_id']}: {account['name']}, {others} other leads "
            f"(lead-platform account {account['account_id']})"
        )
    if story.retired_ids:
        lines.append(f"Also known as {', '.join(story.retired_ids)} (merged).")
    if story.split_from:
        lines.append(f"Split from {story.split_from}.")
    text = Text("\n".join(line for line in lines if line))
    return Panel(text, title=f"Lead {story.lead_id}", title_align="left")


def _submission_line(row: dict[str, Any]) -> str:
    told = _joined(row["full_name"], row["email"], row["phone"], row["company_name"], by=", ")
    source = f" via {row['source']}" if row["source"] else ""
    message = f'\n      "{row["message"]}"' if row["message"] else ""
    changed = f", changed {_day(row['modified_at'])}" if row["modified_at"] else ""
    named = (
        f"{_day(row['submitted_at'])}  {short_id(row['submission_id'])} {row['channel']}{source}"
        f"{changed}"
    )
    return f"{named}: {told}{message}"


def _merge_line(row: dict[str, Any]) -> str:
    chance = f"{row['probability']:.2%}" if row["probability"] is not None else "?"
    pair = f"{short_id(row['left'])} and {short_id(row['right'])}"
    return f"{pair}: {row['reason']} ({row['rule']}, probability {chance})"


def _hold_line(entry: Entry) -> str:
    column = _parsed(entry.arguments).get("column", "")
    broken = _joined(entry.table, entry.expectation, column, by=" ")
    decided = f", discarded by {entry.decided_by}" if entry.state == "discarded" else ""
    return (
        f"{_day(entry.held_at)}  {entry.subject_type} {short_id(entry.subject_id)} left out by "
        f"{entry.step}{decided}: {broken} (lead-platform quarantine show {entry.quarantine_id})"
    )


def _switch_line(switch: Switch) -> str:
    since = f" since {_day(switch.changed_at)}" if switch.changed_at else ""
    return (
        f"{switch.workflow}{since}, by {switch.changed_by}: {switch.reason} (lead-platform "
        f"workflows enable {switch.workflow} --reason WHY)"
    )


def _chain_line(row: dict[str, Any]) -> str:
    if row["weight"] is None or row["decision"] == "same":
        return (
            f"{short_id(row['left'])} and {short_id(row['right'])}: {row['decided_by']} said so, "
            f"{row['reason']} ({row['decision_id']})"
        )
    told = tell_parts(row["parts"])
    return (
        f"{_merge_line(row)}\n      {told or 'nothing compared'}; weight {row['weight']:+.1f} bits"
        f" ({row['decision_id'] or 'not decided alone'})"
    )


def _enrichment_line(row: dict[str, Any]) -> str:
    said = _parsed(row["attributes"])
    told = ", ".join(f"{key} {_value(value)}" for key, value in said.items())
    origin = f" [{row['source']}, {row['source_as_of']}]" if row["source"] else ""
    status = row["status"].replace("_", " ")
    return f"{row['provider']} {status}{origin}: {told or row['reason'] or ''}"


def _event_line(row: dict[str, Any]) -> str:
    what = _joined(row["event_type"], row["page_category"], by=" ")
    return f"{_day(row['last_at'])}  {what} x{row['quantity'] or row['times']}"


def _outcome_line(row: dict[str, Any]) -> str:
    amount = f"{row['amount']:,.0f} {row['currency'] or ''}" if row["amount"] is not None else None
    told = _joined(
        row["outcome_type"],
        row["stage"],
        amount,
        row["opportunity_id"],
        row["owner"],
        row["reason"],
    )
    return f"{_day(row['occurred_at'])}  {told}"


def _decision_line(row: dict[str, Any]) -> str:
    return (
        f"{_day(row['decided_at'])}  {row['destination']}: {row['explanation']} "
        f"(rule {row['rule']}, rules {row['routing_version']})"
    )


def _history_line(row: dict[str, Any]) -> str:
    move = _joined(row["before"], row["after"], by=" to ")
    return f"{_day(row['occurred_at'])}  {row['action']} {move} by {row['actor']}: {row['reason']}"


def _score_title(score: dict[str, Any]) -> str:
    if not score or score.get("total") is None:
        return "Score: none"
    return (
        f"Score {score['total']:g} ({score['band']}): fit {score['fit']:g}, behaviour "
        f"{score['behaviour']:g}, timing {score['timing']:g}; scorecard "
        f"{score['scorecard_version']}, as of {score['scored_at']:%Y-%m-%d}"
    )


def _score_rows(story: Story) -> list[tuple[str, str, str]]:
    return [
        (f"{row['points']:+g}", str(row["part"]), str(row["reason"])) for row in story.contributions
    ]


def _profile_rows(story: Story) -> list[tuple[str, str, str, str]]:
    """What is known and why it won; what is not, and flags that do not apply, are left out."""
    sources = _parsed(story.profile.get("field_sources"))
    submissions = {row["submission_id"]: row for row in story.submissions}
    custom = _parsed(story.profile.get("custom_fields"))
    known = {name: custom[name] for name in story.fields.custom_by_name if name in custom}
    return [
        (
            field,
            _value(value),
            short_id(sources.get(field)),
            tell_why(field, submissions.get(sources.get(field)), story.fields),
        )
        for field, value in (*story.profile.items(), *known.items())
        if field in known or (field not in _HIDDEN and value not in (None, "", False, "[]", "{}"))
    ]


def _parsed(text: Any) -> dict[str, Any]:
    parsed = json.loads(text) if isinstance(text, str) else text
    return parsed if isinstance(parsed, dict) else {}


def render_section(title: str, lines: list[str]) -> Text:
    """A title in bold over its lines; `none` where there are none."""
    text = Text(f"\n{title}\n", style="bold")
    for line in lines or ["none"]:
        text.append(f"  {line}\n", style="not bold")
    return text


def _table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _joined(*parts: Any, by: str = " · ") -> str:
    return by.join(str(part) for part in parts if part not in (None, ""))


def short_id(name: Any) -> str:
    """An id by its beginning, which is enough to tell a lead's own apart."""
    prefix, _, rest = str(name or "").partition("_")
    is_id = prefix in _ID_PREFIXES and len(rest) == _ID_DIGITS
    return f"{prefix}_{rest[:6]}" if is_id else str(name or "")


def _value(value: Any) -> str:
    if hasattr(value, "strftime"):
        return _day(value)
    if isinstance(value, float):
        return f"{value:,.12g}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _day(instant: Any) -> str:
    return str(instant.strftime("%Y-%m-%d %H:%M")) if instant is not None else "?"


# Workflows that never take up a lead, nor what belongs to one.
_ABOUT_NO_LEAD = frozenset({"identity_scan", "maintenance", "alerts", "reporting"})
_HIDDEN = {
    "lead_id", "lead_version", "profile_version", "field_sources", "full_name", "job_title",
    "first_submission_id", "custom_fields",
}  # fmt: skip
_ID_PREFIXES = {"sub", "mrec", "lead", "evt", "out"}
_ID_DIGITS = 24

_FIND = """
with named as (
    select lead_id, 0 as rank from identity.leads where lead_id = $who
    union all
    select related_lead_id, 1 from identity.lead_crosswalk
    where lead_id = $who and relation = 'merged_into'
    union all
    select lead_id, 2 from identity.lead_members where submission_id = $who
    union all
    select lead_id, 3 from identity.leads where email = $email
    union all
    select members.lead_id, 4
    from identity.normalized_submissions as submissions
    join identity.lead_members as members using (submission_id)
    where submissions.email = $email
        or list_contains(from_json(submissions.further_emails, '["VARCHAR"]'), $email)
    union all
    -- An id is made from a submission's, so one that no table knows still leads to where that went.
    select lead_id, 5 from identity.lead_members
    where starts_with($who, 'lead_') and 'lead_' || left(sha256(submission_id), 24) = $who
    {by_field}
)
select lead_id from named order by rank, lead_id limit 1
"""
_FIND_BY_FIELD = """
    union all
    select lead_id, 6 from identity.leads where {value} = $who
"""
_RETIRED = """
select lead_id from identity.lead_crosswalk
where related_lead_id = $lead_id and relation = 'merged_into'
order by merge_seq, lead_id
"""
_SPLIT_FROM = """
select related_lead_id from identity.lead_crosswalk
where lead_id = $lead_id and relation = 'split_from'
"""
_PROFILE = "from enrichment.lead_profiles where lead_id = $lead_id"
_LEAD = "from identity.leads where lead_id = $lead_id"
_SUBMISSIONS = """
select
    submissions.submitted_at, submissions.channel, submissions.submission_id,
    submissions.modified_at,
    submissions.full_name, submissions.email, submissions.phone, submissions.company_name,
    submissions.source, submissions.message
from identity.lead_members join identity.normalized_submissions as submissions using (submission_id)
where lead_id = $lead_id order by submitted_at, submission_id
"""
# A match record stands for the submissions that say the same; the first of them names it here. A
# person's word comes before what the model found.
_EDGE = """
with records as (
    select m.match_record_id, min_by(m.submission_id, (n.received_seq, m.submission_id)) as name
    from identity.lead_members as m
    join identity.normalized_submissions as n on n.submission_id = m.submission_id
    where m.match_record_id in ($left, $right)
    group by m.match_record_id
)
select earlier.name as "left", later.name as "right", d.decision, d.decision_id, d.decided_at,
    d.decided_by, coalesce(p.rule, d.rule) as rule, p.match_probability as probability,
    p.match_weight as weight, p.parts,
    case when d.decision = 'same' then d.reason else coalesce(p.reason, d.reason) end as reason
from records as earlier
join records as later on later.match_record_id = $right
left join identity.match_pairs as p
    on (p.left_record_id, p.right_record_id) in (($left, $right), ($right, $left))
left join identity.merge_decisions as d
    on (d.left_record_id, d.right_record_id) in (($left, $right), ($right, $left))
    and d.decision in ('merge', 'same')
where earlier.match_record_id = $left
order by d.decision = 'same' desc, d.decision_seq desc
limit 1
"""
_REVIEWS = """
with records as (
    select distinct match_record_id from identity.lead_members where lead_id = $lead_id
)
select
    reviews.opened_at, 'review' as rule, reviews.match_probability as probability, reviews.reason,
    earlier.lead_id as "left", later.lead_id as "right"
from identity.match_reviews as reviews
join identity.lead_members as earlier on reviews.left_record_id = earlier.match_record_id
join identity.lead_members as later on reviews.right_record_id = later.match_record_id
where reviews.status = 'open'
    and (
        reviews.left_record_id in (from records) or reviews.right_record_id in (from records)
    )
group by all order by reviews.opened_at, reviews.reason
"""
_EVENTS = """
select event_type, page_category, count(*) as times, sum(quantity)::bigint as quantity,
    min(occurred_at) as first_at, max(occurred_at) as last_at
from identity.lead_events where lead_id = $lead_id
group by all order by last_at desc, event_type
"""
_OUTCOMES = """
select occurred_at, outcome_type, opportunity_id, stage, amount, currency, owner, reason
from identity.lead_outcomes where lead_id = $lead_id order by occurred_at, outcome_id
"""
_ACCOUNT = """
select accounts.* from identity.accounts
join identity.leads on leads.account_id = accounts.account_id
where leads.lead_id = $lead_id
"""
_ENRICHMENT = """
select provider, status, source, source_as_of, attributes, reason
from enrichment.enrichment_results where lead_id = $lead_id order by provider
"""
_SCORE = "from scoring.lead_scores where lead_id = $lead_id"
_CONTRIBUTIONS = """
select part, points, rule_id, reason from scoring.score_contributions
where lead_id = $lead_id order by part, points desc, rule_id
"""
_ASSIGNMENT = "from routing.assignments where lead_id = $lead_id"
_DECISIONS = """
select decided_at, rule, destination_kind, destination, explanation, routing_version
from routing.routing_decisions where lead_id = $lead_id
order by decision_seq, decision_id
"""
_HISTORY = """
select occurred_at, workflow, action, before, after, reason, actor
from governance.audit_log
where subject_id = $lead_id
    or subject_id in (
        select lead_id from identity.lead_crosswalk
        where related_lead_id = $lead_id and relation = 'merged_into'
    )
order by audit_seq, occurred_at, audit_id
"""
