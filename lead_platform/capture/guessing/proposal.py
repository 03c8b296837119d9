"""A proposed channel for a file, checked against the file before anybody sees it."""

import re
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lead_platform.capture.channels import Channel, load_channel
from lead_platform.capture.contracts import Contracts
from lead_platform.capture.guessing.assignment import assign_columns
from lead_platform.capture.guessing.choices import OWNER, Assignment
from lead_platform.capture.guessing.draft import Draft, NoPersonError, draft_channel
from lead_platform.capture.guessing.names import FieldNames
from lead_platform.capture.guessing.nearest import TRIED_RECORDS, Nearest, find_nearest
from lead_platform.capture.guessing.samples import SAMPLED_RECORDS, Sample, sample_file
from lead_platform.capture.names import shown
from lead_platform.capture.preview import FilePreview, preview_file
from lead_platform.capture.tabular.rules import TableRule
from lead_platform.capture.values import brief
from lead_platform.fields import FieldCatalogue, platform_fields
from lead_platform.vocabularies.tables import IntakeLists, Vocabularies

_MOST_LEFT = 20
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Proposal:
    """What was found for a file.

    `draft` is None where no channel can be proposed, `fault` says why. `preview` is what the
    proposal makes of the first records. `nearest` is the channel there is already.
    `is_about_others`: the file's name speaks of owners, agents or the like.
    """

    file_name: str
    sample: Sample
    found: Assignment
    draft: Draft | None
    fault: str | None
    preview: FilePreview | None
    nearest: Nearest | None
    is_about_others: bool


def propose_channel(
    path: Path,
    name: str,
    *,
    channels: Mapping[str, Channel],
    names: FieldNames,
    vocabularies: Vocabularies,
    lists: IntakeLists,
    contracts: Contracts,
    now: datetime,
    table: TableRule | None = None,
) -> Proposal:
    """A channel called `name` for the file, which is read as `table` sets.

    Raises ValueError for a name that is none, NothingToGuessError for a file without records, and
    UnreadableFileError.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no channel's name; allowed: lower case letters, digits, _")
    sample = sample_file(path, names, lists, table)
    found = assign_columns(sample, names, vocabularies, lists, now)
    file_name, is_other = shown(path.name), names.is_titled_after_others(path.stem)
    try:
        draft = draft_channel(name, f"Records as in {file_name}.", sample, found)
    except NoPersonError as error:
        nearest = find_nearest(path, channels, contracts, now)
        return Proposal(file_name, sample, found, None, str(error), None, nearest, is_other)
    fields = replace(platform_fields(), custom=names.custom)
    preview = _previewed(path, name, draft, lists, fields, contracts, now)
    nearest = find_nearest(path, channels, contracts, now, _said_first(preview, draft))
    return Proposal(file_name, sample, found, draft, None, preview, nearest, is_other)


def _said_first(preview: FilePreview, draft: Draft) -> dict[str, dict[int, Any]]:
    """What the file's columns say in the records that a channel is tried on, by field."""
    mapped = {*draft.fields, "modified_at"}
    mapped |= {"source_person_id"} if "person_id" in draft.fields else set()
    said = {
        each.field: {
            number: value
            for number, value in zip(preview.record_numbers, each.values, strict=True)
            if value is not None and number <= TRIED_RECORDS
        }
        for each in preview.fields
        if each.field in mapped
    }
    return {name: values for name, values in said.items() if values}


def channel_name(path: Path) -> str:
    """The file's name as a channel's: lower case letters, digits and underscores."""
    stem = re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_")
    return stem if _NAME.fullmatch(stem) else f"channel_{stem}".rstrip("_")


def write_proposal(draft: Draft, name: str, config_dir: Path) -> Path:
    """Writes the channel's file, never over another. Raises FileExistsError."""
    path = config_dir / "channels" / f"{name}.yaml"
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(draft.text)
    except FileExistsError:
        raise FileExistsError(f"{path} is there already; choose another --name") from None
    return path


def _previewed(
    path: Path,
    name: str,
    draft: Draft,
    lists: IntakeLists,
    fields: FieldCatalogue,
    contracts: Contracts,
    now: datetime,
) -> FilePreview:
    """What the proposal makes of the file; it is loaded as any channel, which shows its faults."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.yaml"
        file.write_text(draft.text, encoding="utf-8")
        channel = load_channel(file, lists, fields)
    return preview_file(path, channel, received_at=now, contracts=contracts, limit=SAMPLED_RECORDS)


def render_proposal(proposal: Proposal) -> RenderableType:
    """Columns with their fields, reasons, what is left and what to answer, for a terminal."""
    table = Table(title=f"{proposal.file_name}: {proposal.sample.rows} records looked at")
    for title in ("column", "field", "confidence", "reason"):
        table.add_column(title, overflow="fold")
    for name, choices in proposal.found.choices.items():
        is_told = name != OWNER or proposal.found.is_of_deals
        for choice in choices if is_told else ():
            table.add_row(
                Text(" + ".join(column.name for column in choice.columns)),
                name,
                f"{choice.confidence:.0%}",
                Text(choice.reason),
            )
    for column, near in proposal.found.rest:
        table.add_row(Text(column.name), "", "", Text(near or ""), style="dim")
    parts: list[RenderableType] = [table]
    parts += [Text(note, style="yellow") for note in _notes(proposal)]
    return Group(*parts)


def _notes(proposal: Proposal) -> list[str]:
    notes = [*proposal.sample.notes]
    if proposal.is_about_others:
        notes.append("The file's name says that it lists somebody else than leads.")
    notes += [
        f"Where {' or '.join(each.name for each in others)} and {second.name} are both filled, "
        f"{second.name} is kept as an answer."
        for others, second in proposal.found.second
    ]
    notes += [f"To answer: {question}" for question in proposal.found.questions]
    if proposal.fault is not None:
        notes.append(f"No channel is proposed: {proposal.fault}")
    if proposal.preview is not None:
        notes.append(_told_taken(proposal.preview))
    if proposal.nearest is not None:
        notes.append(_told_nearest(proposal.nearest, proposal))
    return notes


def _told_taken(preview: FilePreview) -> str:
    """How many records the proposal takes in, and where the first stands that it does not."""
    taken, rejected = len(preview.record_numbers), preview.rejections
    told = f"Of the first {taken + len(rejected)} records the proposal takes {taken} in"
    if not rejected:
        return f"{told}."
    number, reasons = rejected[0]
    where = "the file" if number is None else preview.told(number)
    return f"{told} and rejects {len(rejected)}, the first being {where}: {'; '.join(reasons)}"


def _told_nearest(near: Nearest, proposal: Proposal) -> str:
    """What there is already takes, and what it would lose."""
    taken = (
        "every record" if near.taken == near.records else f"{near.taken} of {near.records} records"
    )
    told = "fits as it is" if near.fits else f"takes {taken} in"
    columns = proposal.draft.fields if proposal.draft is not None else {}
    lost = [
        f"{name} ({', '.join(columns[name])})" if name in columns else name
        for name in sorted(near.lost)
    ]
    parts = [f"The channel {near.channel} {told} and fills {', '.join(sorted(near.fields))}"]
    if lost:
        parts.append(f"but it leaves empty, or takes from elsewhere, {', '.join(lost)}")
    text = ", ".join(parts) + ". "
    if near.left:
        more = f" and {len(near.left) - _MOST_LEFT} more" if len(near.left) > _MOST_LEFT else ""
        names = ", ".join(map(brief, near.left[:_MOST_LEFT]))
        text += f"It keeps in the payload only: {names}{more}. "
    return (
        f"{text}Compare: lead-platform channels check {near.channel} "
        f"{shlex.quote(proposal.file_name)}"
    )
