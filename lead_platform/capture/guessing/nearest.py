"""Which channel there is already for a file: the one that takes its records in and fills most."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from lead_platform.capture.channels import Channel
from lead_platform.capture.contracts import Contracts
from lead_platform.capture.mapping import ITEM_COLUMNS, RecordMapper
from lead_platform.capture.readers import RawRecord, read_records

_TRIED_RECORDS = 20
_NO_EVIDENCE = frozenset(
    [
        *("channel", "record_id", "content_hash", "record_number", "received_at"),
        *("source_system", "submission_id", "event_id", "outcome_id", "issues", "payload"),
        *("answers", "event_type", "outcome_type"),
    ]
)
_IDENTITY = frozenset({"email", "phone", "full_name", "last_name", "source_person_id"})


@dataclass(frozen=True)
class Nearest:
    """A channel tried on a file: `taken` of `records` records, `fields` it filled from them."""

    channel: str
    records: int
    taken: int
    fields: frozenset[str]

    @property
    def fits(self) -> bool:
        """Whether every record tried is taken in."""
        return 0 < self.records == self.taken


def find_nearest(
    path: Path, channels: Mapping[str, Channel], contracts: Contracts, now: datetime
) -> Nearest | None:
    """The channel that takes in most of the file's first records and fills most fields of them.

    None where no channel finds anybody or any deal in them.
    """
    tried = [_tried(path, channel, contracts, now) for channel in channels.values()]
    known = [each for each in tried if each.taken and _tells_something(each)]
    return max(known, key=lambda each: (each.taken, len(each.fields)), default=None)


def _tells_something(nearest: Nearest) -> bool:
    return bool(nearest.fields & (_IDENTITY | {"opportunity_id"}))


def _tried(path: Path, channel: Channel, contracts: Contracts, now: datetime) -> Nearest:
    mapper = RecordMapper(channel, now, contracts)
    records = list(islice(read_records(path, channel.rules), _TRIED_RECORDS))
    taken, fields = 0, set[str]()
    defaults = {*channel.rules.defaults, *_NO_EVIDENCE}
    for record in records:
        if not isinstance(record, RawRecord):
            continue
        mapped = mapper.map_record(record.content, record.number)
        taken += bool(mapped.items)
        for kind, row in mapped.items:
            filled = (n for n, v in zip(ITEM_COLUMNS[kind], row, strict=True) if v is not None)
            fields.update(name for name in filled if name not in defaults)
    return Nearest(channel.name, len(records), taken, frozenset(fields))
