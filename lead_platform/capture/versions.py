"""Versions of a source record: which submissions are the same record, and which came back.

A channel with `on_conflict: update` delivers a record anew whenever it changed at the source. Each
content is kept as a submission of its own; all of one record share a `version_key`. Which of them
counts is decided where leads are put together: by `modified_at` where the source tells it, else by
receipt. Owns what is known of a record, and contents that come back after another (A, B, A): by
receipt that is a change of its own.
"""

from dataclasses import dataclass, field, replace

from lead_platform.capture.batches import RecordItems
from lead_platform.capture.identifiers import hashed_id


@dataclass
class Known:
    """What is taken in already, in the order of receipt.

    `hashes`: content hashes by record id; `items`: the ids of all items; `newest`: the content hash
    received last and the id of its submission, by record id.
    """

    hashes: dict[str, set[str]] = field(default_factory=dict)
    items: set[str] = field(default_factory=set)
    newest: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, record_id: str, content_hash: str, item_id: str) -> None:
        """One item, received after all that were added before."""
        self.hashes.setdefault(record_id, set()).add(content_hash)
        self.items.add(item_id)
        if item_id.startswith(_SUBMISSION):
            self.newest[record_id] = (content_hash, item_id)

    def as_version(self, record: RecordItems) -> RecordItems:
        """The record; one that says again what it said before its newest version, as a new one.

        Its submissions get ids of their own, made from what they follow, so that the same
        deliveries in the same order give the same ids. Where the source dates its changes, what
        comes again is the old version, and a repeat.
        """
        newest = self.newest.get(record.record_id)
        if record.is_dated or newest is None or newest[0] == record.content_hash:
            return record
        items = [
            (kind, row, hashed_id(_SUBMISSION, item_id, newest[1]))
            if kind == "submission" and item_id in self.items
            else (kind, row, item_id)
            for kind, row, item_id in record.items
        ]
        return replace(record, items=tuple(items))


_SUBMISSION = "sub_"
