"""What is looked at again and again: feeds, what is set aside, waiting files, disk, maintenance.

Each watch gives the conditions that hold now, as signals; none of them writes.
"""

import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from lead_platform.capture.inbox import has_lain, list_inbox, odd_entries
from lead_platform.capture.names import shown
from lead_platform.capture.returns import RETURNED_PREFIX
from lead_platform.governance.alerts import Signal
from lead_platform.governance.configuration import faulty_files
from lead_platform.governance.feeds import Span, judge_feeds, read_arrivals
from lead_platform.governance.fields import judge_fields, read_filled, read_known
from lead_platform.identity.accounts.specification import load_account_specification
from lead_platform.identity.leads.specification import load_lead_specification
from lead_platform.identity.modelling.proposals import AtWork, model_at_work
from lead_platform.instants import CLOCKS_DIFFER_BY, has_passed
from lead_platform.settings import Settings

# A file is asked for within seconds and again after 2, 4 and 8 minutes.
FILES_WAIT_AT_MOST = timedelta(minutes=30)

# A file that is mostly rejected is told of for so long, whatever else comes.
REJECTIONS_TOLD_FOR = timedelta(days=3)

# A form's file holds one record, an export's many.
LARGE_FILE_RECORDS = 20

LEAST_FREE_BYTES = 2_000_000_000
LEAST_FREE_SHARE = 0.05

# Upkeep starts by itself once a day at the least.
MAINTENANCE_EVERY = timedelta(days=3)


def watch_feeds(
    connection: duckdb.DuckDBPyConnection, now: datetime, holidays: Sequence[Span] = ()
) -> list[Signal]:
    """Channels that bring far less than usual, nothing new, or fields other than they were."""
    findings = [
        *judge_feeds(read_arrivals(connection, now), now, holidays),
        *judge_fields([*read_filled(connection, now), *read_known(connection, now)]),
    ]
    return [
        Signal(
            finding.kind, finding.channel, finding.text, is_condition=True, causes=finding.causes
        )
        for finding in findings
    ]


def watch_files(settings: Settings, now: datetime) -> list[Signal]:
    """Folders of the inbox in which something is left lying: refused, held, of an unknown channel,
    given up, or what is never opened.

    Since when is told by the change of its status: the time of its contents is the sender's.
    """
    inbox = settings.inbox
    entries = [(file.path, file.changed_ns) for file in list_inbox(inbox)]
    entries += [(fault.path, fault.changed_ns) for fault in odd_entries(inbox)]
    waiting = Counter(
        _folder_of(path, inbox)
        for path, since in entries
        if has_lain(FILES_WAIT_AT_MOST, since, now)
    )
    return [
        Signal(
            "files_waiting",
            channel,
            f"{count} files have waited for more than {FILES_WAIT_AT_MOST.seconds // 60} minutes",
            is_condition=True,
        )
        for channel, count in sorted(waiting.items())
    ]


def _folder_of(path: Path, inbox: Path) -> str:
    """The channel's folder as it is shown; a name beside those is a stranger's, and not told."""
    parts = path.relative_to(inbox).parts
    return shown(parts[0]) if len(parts) > 1 or (parts and path.is_dir()) else "inbox"


def watch_rejections(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[Signal]:
    """Channels of which files came within some days that were mostly rejected, for so long.

    A file is in order once its records came: the same content, taken in since; or each rejected
    record by its id, but for some that came back in a file that is in order and were rejected
    there, and those without an id: with what is missing it would not be mostly rejected. Its name
    says nothing, for an export has the same each day.
    """
    rows = connection.execute(_MOSTLY_REJECTED, {"since": now - REJECTIONS_TOLD_FOR}).fetchall()
    return [
        Signal(
            "files_rejected",
            channel,
            f"{files:,} files with {rejected:,} of {records:,} records rejected",
            is_condition=True,
            causes=causes,
        )
        for channel, files, rejected, records, causes in rows
    ]


# Each large file is news of its own; small ones that follow each other are one stream.
_MOSTLY_REJECTED = f"""
with recent as (
    from capture.deliveries
    where received_at > $since and not starts_with(file_name, '{RETURNED_PREFIX}')
),
refused as (from recent where 2 * rejected > records),
delivered_again as (
    select refused.delivery_id from refused join recent as later
        on later.channel = refused.channel and later.content_hash = refused.content_hash
        and (later.received_at, -later.rejected) > (refused.received_at, -refused.rejected)
),
unsettled as (from refused anti join delivered_again using (delivery_id)),
lost as (
    select unsettled.delivery_id, unsettled.received_at, unsettled.channel, lost.record_id
    from unsettled join capture.rejected_records as lost using (delivery_id)
),
taken as (
    select channel, record_id, max(received_at) as received_at
    from ({
    " union all ".join(
        f"select channel, record_id, received_at from capture.{table}"
        for table in ("submissions", "events", "outcomes")
    )
})
    where received_at > $since and record_id in (select record_id from lost)
    group by all
),
rejected_singly as (
    select recent.channel, again.record_id, max(recent.received_at) as received_at
    from recent join capture.rejected_records as again using (delivery_id)
    where 2 * recent.rejected <= recent.records
    group by all
),
traced as (
    select lost.delivery_id, coalesce(taken.received_at > lost.received_at, false) as has_come,
        lost.record_id is null or has_come
            or coalesce(rejected_singly.received_at > lost.received_at, false) as is_answered
    from lost left join taken using (channel, record_id)
    left join rejected_singly using (channel, record_id)
),
brought as (
    select delivery_id from unsettled join traced using (delivery_id)
    group by delivery_id, records, rejected
    having bool_and(is_answered) and 2 * (rejected - count(*) filter (has_come)) <= records
)
select channel, count(*), sum(rejected)::bigint, sum(records)::bigint,
    list(distinct if(records >= {LARGE_FILE_RECORDS}, delivery_id, 'small files'))
from unsettled anti join brought using (delivery_id)
group by channel order by channel
"""


def watch_disk(settings: Settings) -> list[Signal]:
    """The disks of home and data, where little is left."""
    places = {"home": settings.home}
    if "://" not in settings.lake_data_path:
        places["lake data"] = Path(settings.lake_data_path)
    signals = []
    for name, place in places.items():
        usage = shutil.disk_usage(place)
        if usage.free < min(LEAST_FREE_BYTES, LEAST_FREE_SHARE * usage.total):
            text = f"{usage.free / 1e9:.1f} GB of {usage.total / 1e9:.0f} GB are free"
            signals.append(Signal("disk_nearly_full", name, text, is_condition=True))
    return signals


def watch_configuration(settings: Settings) -> list[Signal]:
    """Files of the configuration and suites that cannot be used; what they say is not repeated."""
    return [
        Signal("configuration_broken", name, faults, is_condition=True)
        for name, faults in faulty_files(settings).items()
    ]


def watch_models(settings: Settings) -> list[Signal]:
    """Specifications of which the model at work cannot weigh all; faults are told by what runs."""
    people = load_lead_specification(settings.config_dir)
    companies = load_account_specification(settings.config_dir)
    work: list[AtWork[Any]] = [
        model_at_work(people, settings.models),
        model_at_work(companies, settings.models / companies.name),
    ]
    return [
        Signal("model_lacking", one.specification.name, warning, is_condition=True)
        for one in work
        for warning in one.warnings()
    ]


def watch_quarantine(connection: duckdb.DuckDBPyConnection, limit: int) -> list[Signal]:
    """Steps of which one run set more than `limit` aside, for as long as they are held, however
    often they are tried again."""
    rows = connection.execute(
        """
        select step, arg_max(run_id, held), max(held), sum(held),
            list(run_id) filter (held > $limit)
        from (
            select step, coalesce(first_run_id, run_id) as run_id, count(*) as held
            from governance.quarantine where state = 'held' group by all
        )
        group by step having max(held) > $limit order by step
        """,
        {"limit": limit},
    ).fetchall()
    return [
        Signal(
            "quarantine_grown",
            step,
            f"{at_once:,} set aside by run {run_id[:8]}, {held:,} are held in all",
            is_condition=True,
            causes=runs,
        )
        for step, run_id, at_once, held, runs in rows
    ]


def watch_maintenance(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[Signal]:
    """The lake, where it has not been maintained for longer than the schedule has it.

    A release of a time to come says nothing of when it was; where there are none but those, it is
    told until the next one.
    """
    row = connection.execute(
        """
        with known as (from governance.releases where released_at <= $now)
        select
            coalesce(max(released_at) filter (status = 'maintenance'), min(released_at)),
            (select max(released_at) from governance.releases)
        from known
        """,
        {"now": now + CLOCKS_DIFFER_BY},
    ).fetchone()
    since, newest = row or (None, None)
    if newest is None or (since is not None and not has_passed(MAINTENANCE_EVERY, since, now)):
        return []
    text = (
        f"the last one was {(now - since).days} days ago"
        if since
        else f"every release is of a time to come, {newest:%Y-%m-%d %H:%M} UTC the newest: the "
        "clock was ahead"
    )
    return [Signal("maintenance_overdue", "lake", text, is_condition=True)]
