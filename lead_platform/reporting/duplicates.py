"""What the last full scan found and where duplicates come from, for people to read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import duckdb


class Source(NamedTuple):
    """A channel, campaign and form: submissions, and how many were repeats of a known lead."""

    channel: str
    campaign: str
    form: str
    submissions: int
    repeats: int
    share: str
    within: int
    mostly_by: str
    waiting: int


SOURCE_HEADER = [
    "channel", "campaign", "form", "submissions", "repeats", "share", "of this source",
    "mostly by", "waiting",
]  # fmt: skip


class LastScan(NamedTuple):
    """The newest row of identity.scans."""

    run_id: str
    scanned_at: datetime
    submissions: int
    records: int
    candidates: int
    model_version: str
    reviews_opened: int
    reviews_left_out: int
    splits_proposed: int
    splits_left_out: int
    splits_withdrawn: int


def list_sources(connection: duckdb.DuckDBPyConnection, limit: int = 10) -> list[Source]:
    """The sources with the most repeats first."""
    rows = connection.execute(
        """
        select channel, campaign, form, submissions, repeats,
            format('{:.0f} %', 100 * repeat_share), repeats_within,
            coalesce(commonest_reason || ' (' || commonest_reason_repeats || ')', ''),
            waiting_reviews
        from reporting.duplicate_sources
        order by repeats desc, repeat_share desc, source_id
        limit ?
        """,
        [limit],
    ).fetchall()
    return [Source(*row) for row in rows]


def sources_as_markdown(sources: Sequence[Source]) -> str:
    """The sources as a table for the asset's page."""
    lines = [SOURCE_HEADER, ["---"] * len(SOURCE_HEADER), *sources]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def last_scan(connection: duckdb.DuckDBPyConnection) -> LastScan | None:
    """The newest scan; None before the first."""
    row = connection.execute(
        f"select {', '.join(LastScan._fields)} from identity.scans order by scan_seq desc limit 1"
    ).fetchone()
    return LastScan(*row) if row else None


def tell_scan(scan: LastScan) -> list[str]:
    """What the scan found, in sentences, with what to do next."""
    lines = [
        f"Compared {scan.candidates:,} pairs of {scan.records:,} records under "
        f"{scan.model_version}.",
        f"{_pairs(scan.reviews_opened)} of leads that may be one person went to the review queue"
        f"{_left_out(scan.reviews_left_out)}.",
        f"{_leads(scan.splits_proposed)} would no longer hang together and went there too"
        f"{_left_out(scan.splits_left_out)}.",
    ]
    if scan.splits_withdrawn:
        lines.append(
            f"{_leads(scan.splits_withdrawn)} an earlier scan proposed to take apart hang together."
        )
    if scan.reviews_opened or scan.splits_proposed:
        lines += [
            "Work through them with: lead-platform reviews work --by NAME",
            f"Take them off the queue with: lead-platform reviews dismiss {scan.run_id[:8]} "
            "--by NAME --reason WHY",
        ]
    return lines


def _pairs(count: int) -> str:
    return f"{count:,} new pair{'' if count == 1 else 's'}"


def _leads(count: int) -> str:
    return f"{count:,} lead{'' if count == 1 else 's'}"


def _left_out(count: int) -> str:
    return f"; {count:,} more wait for the next scan, the limit is reached" if count else ""


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|")
