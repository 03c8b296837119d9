"""`lead-platform identity …`: train a matching model, compare it, put it to work."""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lead_platform.settings import Settings
from lead_platform.terminal import Person, Why, console

if TYPE_CHECKING:
    from lead_platform.identity.proposals import Proposal
    from lead_platform.identity.specification import LinkageSpecification

identity_app = typer.Typer(no_args_is_help=True, help="How matching decides; train it anew.")


@identity_app.command("train")
def train() -> None:
    """Train a model on this installation's leads: a proposal, until somebody activates it."""
    from lead_platform.identity.proposals import propose_model
    from lead_platform.lake.lake import Lake, utc_now

    settings = Settings()
    specification = _specification(settings)
    with console.status("Training …"), Lake(settings).read() as connection:
        proposal = propose_model(connection, specification, settings.models, trained_at=utc_now())
    _show(proposal)


@identity_app.command("models")
def list_models() -> None:
    """The models there are: which is at work, which are proposals, where their cards lie."""
    from lead_platform.identity.proposals import list_models as models

    settings = Settings()
    table = Table("model", "state", "card")
    for name, state, card in models(_specification(settings), settings.models):
        table.add_row(name, state, card or "")
    console.print(table)


@identity_app.command("activate")
def activate(
    model: Annotated[str, typer.Argument(help="A model, as `identity models` lists it.")],
    reason: Why,
    by: Person = "",
) -> None:
    """Put a model to work from the next run on; what has been merged stays merged."""
    from lead_platform.identity.proposals import activate_model, put_to_work
    from lead_platform.lake.lake import Lake, utc_now

    settings = Settings()
    specification = _specification(settings)
    person, now = by or getpass.getuser(), utc_now()
    with Lake(settings).write(f"activate {model}") as candidate:
        changed = activate_model(
            candidate.connection,
            specification,
            settings.models,
            model,
            decided_by=person,
            reason=reason,
            decided_at=now,
        )
    # Only once its record is published: no model works without one.
    if changed:
        put_to_work(settings.models, model, decided_by=person, reason=reason, decided_at=now)
    console.print(f"{model} is at work." if changed else f"{model} was at work already.")


def _specification(settings: Settings) -> "LinkageSpecification":
    from lead_platform.identity.specification import load_specification

    return load_specification(settings.config_dir / "identity.yaml")


def _show(proposal: "Proposal") -> None:
    counts = proposal.comparison.counts
    console.print(f"{proposal.model.name}: trained on {proposal.records:,} match records.")
    table = Table("today", *(f"then {side}" for side in counts.columns))
    for side, row in zip(counts.index, counts.to_numpy().tolist(), strict=True):
        table.add_row(str(side), *(f"{count:,}" for count in row))
    console.print(table)
    console.print(proposal.lesson.tell())
    console.print(f"{len(proposal.comparison.changes):,} pairs would change side.")
    console.print(f"Card: {proposal.path.with_suffix('.md')}")
    console.print(
        f"At work after: lead-platform identity activate {proposal.model.name} --reason WHY"
    )
