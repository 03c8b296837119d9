"""The command that proposes a channel for a file nobody has described yet."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from lead_platform.settings import Settings
from lead_platform.terminal import complain, console


def guess_channel(
    file: Annotated[Path, typer.Argument(help="An export, a list, a webhook's payload.")],
    name: Annotated[
        str | None, typer.Option(help="The channel's name. Without it, the file's name.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write it to config/channels/, over no other file.")
    ] = False,
) -> None:
    """Propose a channel for a file: the YAML on standard output, the reasons beside it."""
    from rich.console import Console

    from lead_platform.capture.channels import usable_channels
    from lead_platform.capture.contracts import load_contracts
    from lead_platform.capture.guessing.names import load_field_names
    from lead_platform.capture.guessing.proposal import (
        channel_name,
        propose_channel,
        render_proposal,
        write_proposal,
    )
    from lead_platform.lake.lake import utc_now
    from lead_platform.vocabularies.folder import load_vocabularies

    settings = Settings()
    named = name or channel_name(file)
    proposal = propose_channel(
        file,
        named,
        channels=usable_channels(settings.config_dir)[0],
        names=load_field_names(settings.config_dir),
        vocabularies=load_vocabularies(settings.config_dir),
        contracts=load_contracts(settings.expectations_dir),
        now=utc_now(),
    )
    Console(stderr=True).print(render_proposal(proposal))
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
