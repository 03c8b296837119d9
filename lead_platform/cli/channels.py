"""Commands that propose a channel for a file, and read again what a corrected one took in."""

import getpass
import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lead_platform.cli.rebuild import SLICE_ROWS
from lead_platform.cli.terminal import (
    AsOf,
    Person,
    Why,
    complain,
    console,
    parse_option,
    print_rows,
    run_visibly,
)
from lead_platform.settings import Settings

if TYPE_CHECKING:
    from lead_platform.capture.channels import Channel
    from lead_platform.capture.contracts import Contracts
    from lead_platform.capture.remapping import Remapping
    from lead_platform.lake.lake import Lake


def guess_channel(
    file: Annotated[Path, typer.Argument(help="An export, a list, a webhook's payload.")],
    name: Annotated[
        str | None, typer.Option(help="The channel's name. Without it, the file's name.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write it to config/channels/, over no other file.")
    ] = False,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV, such as cp1250.")] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="The sign between its cells, or comma, semicolon, tab, pipe.")
    ] = None,
    header_row: Annotated[
        int | None, typer.Option(help="The row that names the columns, counted from 1.")
    ] = None,
    sheet: Annotated[
        list[str] | None, typer.Option(help="The sheet of a workbook; several times for several.")
    ] = None,
) -> None:
    """Propose a channel for a file: the YAML on standard output, the reasons beside it."""
    from rich.console import Console

    from lead_platform.capture.channels import usable_channels
    from lead_platform.capture.contracts import load_contracts
    from lead_platform.capture.guessing.names import field_names_file, load_field_names
    from lead_platform.capture.guessing.proposal import (
        channel_name,
        propose_channel,
        render_proposal,
        write_proposal,
    )
    from lead_platform.capture.tabular.readings import DELIMITERS
    from lead_platform.capture.tabular.rules import table_rule
    from lead_platform.lake.lake import utc_now
    from lead_platform.vocabularies.folder import load_intake_lists, load_vocabularies

    signs = {word: sign for sign, word in DELIMITERS.items()}
    table = table_rule(
        encoding=encoding,
        delimiter=signs.get(delimiter or "", delimiter),
        header_row=header_row,
        sheet=sheet,
    )
    settings = Settings()
    named = name or channel_name(file)
    proposal = propose_channel(
        file,
        named,
        channels=usable_channels(settings.config_dir)[0],
        names=load_field_names(settings.config_dir),
        vocabularies=load_vocabularies(settings.config_dir),
        lists=load_intake_lists(settings.config_dir),
        contracts=load_contracts(settings.expectations_dir),
        now=utc_now(),
        table=table,
    )
    Console(stderr=True).print(render_proposal(proposal))
    complain(
        "Names of columns that are not known: add them as field,language,name to "
        f"{field_names_file(settings.config_dir)}"
    )
    if proposal.draft is None:
        raise typer.Exit(0 if proposal.nearest is not None and proposal.nearest.fits else 1)
    if write:
        path = write_proposal(proposal.draft, named, settings.config_dir)
        complain(
            f"Written: {path}. Next: lead-platform channels check "
            f"{shlex.quote(named)} {shlex.quote(str(file))}"
        )
    else:
        console.print(proposal.draft.text, markup=False, highlight=False, soft_wrap=True, end="")


def remap_channel(
    name: Annotated[str, typer.Argument(help="The channel.")],
    reason: Why = "",
    by: Person = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change, with examples.")
    ] = False,
    as_of: AsOf = None,
) -> None:
    """Read all that a channel took in again, with the channel as it is now; leads follow at once.

    Ids stay, and so do leads and their owners where a submission still belongs there. What the
    channel would not take in now stays as it is. Undo it: put the channel's file back as it was and
    remap again.
    """
    from lead_platform.capture.channels import find_channel
    from lead_platform.capture.contracts import load_contracts
    from lead_platform.capture.remapping import preview_remap
    from lead_platform.lake.lake import Lake, utc_now

    settings = Settings()
    channel = find_channel(settings.config_dir, name, Path(name))
    contracts, lake = load_contracts(settings.expectations_dir), Lake(settings)
    if dry_run:
        with lake.read(is_long=True) as connection:
            found = preview_remap(connection, channel, contracts)
    else:
        at = parse_option("--as-of", as_of) or utc_now()
        found = _remap(lake, channel, contracts, by or getpass.getuser(), reason, at)
    _tell_remapping(found, with_examples=dry_run)
    if found.changed and not dry_run:
        # What was mapped anew comes first in a slice.
        for done in range(0, found.changed, SLICE_ROWS):
            rows = min(found.changed - done, SLICE_ROWS)
            run_visibly(settings, "catch_up", {}, parse_option("--as-of", as_of), rows=rows)


def _remap(
    lake: "Lake", channel: "Channel", contracts: "Contracts", by: str, reason: str, at: datetime
) -> "Remapping":
    from lead_platform.capture.remapping import remap
    from lead_platform.lake.brake import Brake, WorkflowStoppedError
    from lead_platform.lake.switches import switches_of

    brake = Brake(switches_of(lake), "capture")
    try:
        with brake.watching():
            return remap(lake, channel, contracts, brake, by=by, reason=reason, at=at)
    except WorkflowStoppedError as stopped:
        complain(f"{stopped}. Once capture is on again, the same command completes it.")
        raise typer.Exit(1) from None


def _tell_remapping(found: "Remapping", *, with_examples: bool) -> None:
    from lead_platform.capture.values import brief

    rows = [
        (
            kind,
            field,
            found.coming[kind, field],
            found.going[kind, field],
            found.changing[kind, field],
            *(
                [
                    "; ".join(
                        f"{brief(one.before)} → {brief(one.after)}"
                        for one in found.examples[kind, field]
                    )
                ]
                if with_examples
                else []
            ),
        )
        for kind, field in found.fields()
    ]
    header = ["of", "field", "come", "go", "change", *(["examples"] if with_examples else [])]
    print_rows(header, rows)
    for line in found.describe():
        complain(line)
