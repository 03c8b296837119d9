"""Which channel there is already for a file: the one that takes its records in and fills most."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from lead_platform.capture.channels import Channel
from lead_platform.capture.contracts import Contracts
from lead_platform.capture.mapping import RecordMapper, item_values
from lead_platform.capture.readers import RawRecord, read_records
from lead_platform.capture.tabular.wanted import wanted_of

TRIED_RECORDS = 20
_NO_EVIDENCE = frozenset(
    [
        *("channel", "record_id", "content_hash", "record_number", "received_at"),
        *("source_system", "submission_id", "event_id", "outcome_id", "issues", "payload"),
        *("answers", "event_type", "outcome_type"),
        *("kind", "kind_reason", "kind_version", "inquiry_minutes", "version_key", "modified_at"),
    ]
)
# What a submission and an outcome call by different names.
_ALIKE = {
    "submitted_at": ("occurred_at",),
    "occurred_at": ("submitted_at",),
    "company_name": ("account_name",),
    "account_name": ("company_name",),
    "product_interest": ("product",),
    "product": ("product_interest",),
    "opportunity_id": ("record_id",),
}
_IDENTITY = frozenset({"email", "phone", "full_name", "last_name", "stage", "amount"})
_HALVES = frozenset({"first_name", "last_name"})
_OWN_KIND = 0.6
Wanted = Mapping[str, Mapping[int, Any]]
"""Values that a field has by the file's own columns, by the number of the record."""


@dataclass(frozen=True)
class Nearest:
    """A channel tried on a file: `taken` of `records` records, `fields` it filled from them,
    `known` the share of the names it mentions that the records have, `lost` the fields that the
    file fills and the channel leaves empty or takes from elsewhere, `left` the columns with values
    that stay in the payload only."""

    channel: str
    records: int
    taken: int
    fields: frozenset[str]
    known: float
    lost: frozenset[str]
    left: tuple[str, ...] = ()

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
    wanted: Wanted | None = None,
) -> Nearest | None:
    """The channel that takes in most of the first records, loses least and fills most fields.

    `wanted`: what those records are known to say. None where no channel finds anybody or any deal
    in them.
    """
    tried = [_tried(path, channel, contracts, now, wanted or {}) for channel in channels.values()]
    known = [each for each in tried if each.taken and each.says_who]
    return max(known, key=_closeness, default=None)


def _closeness(tried: Nearest) -> tuple[int, int, int]:
    return tried.taken, -len(tried.lost), len(tried.fields)


def _tried(
    path: Path, channel: Channel, contracts: Contracts, now: datetime, wanted: Wanted
) -> Nearest:
    mapper = RecordMapper(channel, now, contracts)
    records = list(
        islice(
            read_records(path, channel.rules, wanted_of(channel)),
            TRIED_RECORDS,
        )
    )
    taken, fields, names = 0, set[str](), dict[str, None]()
    said: dict[int, dict[str, list[Any]]] = {}
    defaults = {*channel.rules.defaults, *_NO_EVIDENCE}
    for record in records:
        if not isinstance(record, RawRecord):
            continue
        names.update((name, None) for name, value in record.content.items() if value)
        mapped = mapper.map_record(record.content, record.number)
        taken += bool(mapped.items)
        values = said.setdefault(record.number, {})
        for kind, row in mapped.items:
            for name, value in item_values(kind, row).items():
                if value is not None:
                    values.setdefault(name, []).append(value)
        fields.update(name for name in values if name not in defaults)
    mentioned = channel.rules.mentioned_names()
    known = len(mentioned & names.keys()) / len(mentioned) if mentioned else 0.0
    keeps_all = channel.rules.unmapped == "answers"
    left = () if keeps_all else tuple(name for name in names if name not in mentioned)
    lost = _lost(wanted, said)
    return Nearest(channel.name, len(records), taken, frozenset(fields), known, lost, left)


def _lost(wanted: Wanted, said: Mapping[int, Mapping[str, list[Any]]]) -> frozenset[str]:
    """What some record does not say as its file does."""
    return frozenset(
        name
        for name, values in wanted.items()
        if not all(_says(said.get(number, {}), name, value) for number, value in values.items())
    )


def _says(said: Mapping[str, list[Any]], name: str, value: Any) -> bool:
    """Whether an item has the value; a whole name says as much as its halves."""
    if any(value in said.get(each, ()) for each in (name, *_ALIKE.get(name, ()))):
        return True
    if name in _HALVES:
        return any(str(value) in str(whole) for whole in said.get("full_name", ()))
    halves = [half for each in sorted(_HALVES) for half in said.get(each, ())]
    return name == "full_name" and len(halves) > 1 and all(str(h) in str(value) for h in halves)
