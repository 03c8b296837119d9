"""Records that come back: set aside at the gate of intake, and released since.

Each is mapped anew from the payload that was kept, with its channel as it is now, and taken in as a
delivery of its own under the ids it had.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime

import duckdb

from lead_platform.capture.batches import map_records
from lead_platform.capture.channels import Channel
from lead_platform.capture.columns import KINDS
from lead_platform.capture.contracts import Contracts
from lead_platform.capture.deliveries import ParsedDelivery
from lead_platform.capture.identifiers import hashed_id
from lead_platform.capture.intake import Delivery
from lead_platform.capture.quarantine import STEP
from lead_platform.capture.readers import RawRecord

# The newest hold of each item, where it is a hold no more and was not taken in again yet.
_RELEASED = """
with newest as (
    select quarantine_id, payload_id, state, tried_at from governance.quarantine
    where step = $step and payload_id is not null
    qualify row_number() over (
        partition by subject_type, subject_id order by hold_number desc
    ) = 1
)
select n.quarantine_id, r.channel, r.record_number, r.payload
from newest as n
join capture.rejected_records as r on r.rejected_id = n.payload_id
where n.state in ('released', 'superseded') and n.tried_at is null
order by n.quarantine_id
"""
_PREFIX = "quarantine/"


def list_returns(
    connection: duckdb.DuckDBPyConnection,
    channels: Mapping[str, Channel],
    *,
    received_at: datetime,
    contracts: Contracts | None = None,
) -> list[ParsedDelivery]:
    """The released records as deliveries; those of a channel that is no more keep waiting."""
    if not _has_released(connection):
        return []
    rows = connection.execute(_RELEASED, {"step": STEP}).fetchall()
    return [
        _returned(channels[channel], quarantine_id, number, payload, received_at, contracts)
        for quarantine_id, channel, number, payload in rows
        if channel in channels
    ]


def _has_released(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        "select 1 from governance.quarantine where step = ? and payload_id is not null "
        "and state in ('released', 'superseded') and tried_at is null limit 1",
        [STEP],
    ).fetchone()
    return found is not None


def mark_returned(
    connection: duckdb.DuckDBPyConnection, deliveries: Iterable[Delivery], *, at: datetime
) -> None:
    """Note what of it these deliveries have brought back; each is returned once."""
    ids = [
        delivery.file_name.removeprefix(_PREFIX)
        for delivery in deliveries
        if delivery.file_name.startswith(_PREFIX)
    ]
    if ids:
        connection.execute(
            "update governance.quarantine set tried_at = ? "
            "where quarantine_id in (select unnest(?::varchar[]))",
            [at, ids],
        )


def _returned(
    channel: Channel,
    quarantine_id: str,
    number: int,
    payload: str,
    received_at: datetime,
    contracts: Contracts | None,
) -> ParsedDelivery:
    content = payload.encode()
    delivery = Delivery(
        delivery_id=hashed_id("del_", channel.name, quarantine_id),
        channel=channel.name,
        channel_version=channel.version,
        file_name=_PREFIX + quarantine_id,
        content_hash=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        received_at=received_at,
        on_conflict=channel.rules.on_conflict,
        kinds=tuple(kind for kind in KINDS if kind in channel.kinds),
    )
    record = RawRecord(number, json.loads(payload))
    batches = list(map_records([record], channel, received_at=received_at, contracts=contracts))
    return ParsedDelivery(None, None, delivery, batches)
