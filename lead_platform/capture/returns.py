"""Records that come back: set aside at the gate of intake, and released since.

Each is mapped anew from the payload that was kept, with its channel as it is now, and taken in as a
delivery of its own under the ids it had.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from lead_platform.capture.batches import map_records
from lead_platform.capture.channels import Channel
from lead_platform.capture.contracts import Contracts
from lead_platform.capture.deliveries import ParsedDelivery
from lead_platform.capture.documents import parse_kept
from lead_platform.capture.identifiers import hashed_id
from lead_platform.capture.intake import Delivery
from lead_platform.capture.quarantine import STEP
from lead_platform.capture.readers import RawRecord
from lead_platform.lake.quarantine import LET_GO

# What is held no more and was not tried again since, in the order it came.
_RETURNING = f"""
select q.quarantine_id, r.channel, r.record_id, r.rejected_id, r.record_number, r.payload
from governance.quarantine as q
join capture.rejected_records as r on r.rejected_id = q.payload_id
where q.step = '{STEP}' and {LET_GO}
order by r.rejected_at, q.hold_number, r.record_number, q.quarantine_id
"""

# How the name of such a delivery begins; no file's name has a slash.
RETURNED_PREFIX = "quarantine/"


@dataclass(frozen=True)
class _LetGo:
    """A hold that is one no more, and the payload that is kept with it."""

    quarantine_id: str
    channel: str
    record_id: str
    payload_id: str
    record_number: int
    payload: str


def list_returns(
    connection: duckdb.DuckDBPyConnection,
    channels: Mapping[str, Channel],
    *,
    received_at: datetime,
    contracts: Contracts | None = None,
) -> list[ParsedDelivery]:
    """The released records as deliveries; those of a channel that is no more keep waiting.

    Of a record that was set aside with several contents the newest comes back, for only one of them
    is taken; but for channels that take every one of them.
    """
    return [
        _returned(channels[group[-1].channel], group[-1], received_at, contracts)
        for group in _list_let_go(connection, channels)
    ]


def mark_returned(
    connection: duckdb.DuckDBPyConnection,
    channels: Mapping[str, Channel],
    deliveries: Iterable[Delivery],
    *,
    at: datetime,
) -> None:
    """Note what of it these deliveries have brought back; each is returned once."""
    names = {
        delivery.file_name.removeprefix(RETURNED_PREFIX)
        for delivery in deliveries
        if delivery.file_name.startswith(RETURNED_PREFIX)
    }
    if names:
        groups = _list_let_go(connection, channels)
        tried = [one.quarantine_id for group in groups for one in group if _is_in(names, group)]
        connection.execute(
            "update governance.quarantine set tried_at = ? "
            "where quarantine_id in (select unnest(?::varchar[]))",
            [at, tried],
        )


def _is_in(names: set[str], group: Sequence[_LetGo]) -> bool:
    return any(one.quarantine_id in names for one in group)


def _list_let_go(
    connection: duckdb.DuckDBPyConnection, channels: Mapping[str, Channel]
) -> list[list[_LetGo]]:
    """What was let go, the oldest first, by what comes back as one."""
    if not _has_released(connection):
        return []
    groups: dict[tuple[str, str], list[_LetGo]] = defaultdict(list)
    for row in connection.execute(_RETURNING).fetchall():
        one = _LetGo(*row)
        if one.channel in channels:
            takes_one = channels[one.channel].rules.on_conflict == "reject"
            groups[one.channel, one.record_id if takes_one else one.payload_id].append(one)
    return list(groups.values())


def _has_released(connection: duckdb.DuckDBPyConnection) -> bool:
    """Without this the records rejected so far would be looked through each time."""
    found = connection.execute(
        "select 1 from governance.quarantine where step = ? and payload_id is not null "
        f"and {LET_GO} limit 1",
        [STEP],
    ).fetchone()
    return found is not None


def _returned(
    channel: Channel,
    one: _LetGo,
    received_at: datetime,
    contracts: Contracts | None,
) -> ParsedDelivery:
    content = one.payload.encode()
    delivery = Delivery(
        delivery_id=hashed_id("del_", channel.name, one.quarantine_id),
        channel=channel.name,
        channel_version=channel.version,
        file_name=RETURNED_PREFIX + one.quarantine_id,
        content_hash=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        received_at=received_at,
        on_conflict=channel.rules.on_conflict,
        kinds=channel.written_kinds,
    )
    record = RawRecord(one.record_number, parse_kept(one.payload))
    batches = list(map_records([record], channel, received_at=received_at, contracts=contracts))
    return ParsedDelivery(None, None, delivery, batches)
