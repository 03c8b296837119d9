"""Which channel there is already for a file: the one that takes its records in and fills most."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from lead_platform.capture.channels import Channel
from lead_platform.capture.contracts import Contracts
from lead_platform.capture.mapping import RecordMapper, item_values
from lead_platform.capture.readers import RawRecord, read_records

TRIED_RECORDS = 20
_NO_EVIDENCE = frozenset(
    [
        *("channel", "record_id", "content_hash", "record_number", "received_at"),
        *("source_system", "submission_id", "event_id", "outcome_id", "issues", "payload"),
        *("answers", "event_type", "outcome_type"),
        *("kind", "kind_reason", "kind_version", "inquiry_minutes", "version_key", "modified_at"),
    ]
)
_IDENTITY = frozenset({"email", "phone", "full_name", "last_name", "stage", "amount"})
_HALVES = frozenset({"first_name", "last_name"})
_OWN_KIND = 0.6


@dataclass(frozen=True)
class Nearest:
    """A channel tried on a file: `taken` of `records` records, `fields` it filled from them,
    `known` the share of the names it mentions that the records have, `lost` the fields that the
    file fills and the channel does not."""

    channel: str
    records: int
    taken: int
    fields: frozenset[str]
    known: float
    lost: frozenset[str]

    @property
    def fits(self) -> bool:
        """Whether every record tried is taken in with all it says, and as what the channel is for.

        Tasks and tickets have ids too: what names its persons by an id only has to look like the
        channel's own files in most of its columns.
        """
        return 0 < self.records == self.taken and self.says_who and not self.lost

    @property
    def says_who(self) -> bool:
        """Whether persons or deals are named, or the file is one of the channel's own kind."""
        return bool(self.fields & _IDENTITY) or self.known >= _OWN_KIND


def find_nearest(
    path: Path,
    channels: Mapping[str, Channel],
    contracts: Contracts,
    now: datetime,
    wanted: frozenset[str] = frozenset(),
) -> Nearest | None:
    """The channel that takes in most of the file's first records and fills most fields of them.

    `wanted`: fields that those records are known to fill. None where no channel finds anybody or
    any deal in them.
    """
    tried = [_tried(path, channel, contracts, now, wanted) for channel in channels.values()]
    known = [each for each in tried if each.taken and each.says_who]
    return max(known, key=lambda each: (each.taken, len(each.fields)), default=None)


def _tried(
    path: Path, channel: Channel, contracts: Contracts, now: datetime, wanted: frozenset[str]
) -> Nearest:
    mapper = RecordMapper(channel, now, contracts)
    records = list(islice(read_records(path, channel.rules), TRIED_RECORDS))
    taken, fields, names = 0, set[str](), set[str]()
    defaults = {*channel.rules.defaults, *_NO_EVIDENCE}
    for record in records:
        if not isinstance(record, RawRecord):
            continue
        names.update(record.content)
        mapped = mapper.map_record(record.content, record.number)
        taken += bool(mapped.items)
        for kind, row in mapped.items:
            filled = (name for name, value in item_values(kind, row).items() if value is not None)
            fields.update(name for name in filled if name not in defaults)
    mentioned = channel.rules.mentioned_names()
    known = len(mentioned & names) / len(mentioned) if mentioned else 0.0
    lost = _lost(wanted, fields)
    return Nearest(channel.name, len(records), taken, frozenset(fields), known, lost)


def _lost(wanted: frozenset[str], filled: set[str]) -> frozenset[str]:
    """What is wanted and not filled; a whole name says as much as its halves."""
    said = filled | (_HALVES if "full_name" in filled else set())
    said |= {"full_name"} if filled >= _HALVES else set()
    return wanted - said - _NO_EVIDENCE
