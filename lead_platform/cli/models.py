"""`lead-platform identity …`: train a matching model, compare it, put it to work."""

import getpass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lead_platform.cli.terminal import Person, Why, complain, console, print_rows
from lead_platform.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from lead_platform.identity.engine.specification import LinkageSpecification
    from lead_platform.identity.modelling.proposals import Comparison, Material, Proposal

identity_app = typer.Typer(no_args_is_help=True, help="How matching decides; train it anew.")


class Subject(StrEnum):
    """What a model matches."""

    LEADS = "leads"
    ACCOUNTS = "accounts"


Of = Annotated[Subject, typer.Option("--of", help="What the model matches.")]


@identity_app.command("train")
def train(of: Of = Subject.LEADS) -> None:
    """Train a model on this installation's leads or accounts: a proposal, until it is activated."""
    from lead_platform.identity.modelling.proposals import propose_model
    from lead_platform.lake.lake import Lake, utc_now

    settings = Settings()
    specification, folder = _specification(settings, of)
    with console.status("Training …"), Lake(settings).read(is_long=True) as connection:
        proposal = propose_model(
            _material(connection, settings, of), specification, folder, trained_at=utc_now()
        )
    _show(proposal, of)


@identity_app.command("models")
def list_models(of: Of = Subject.LEADS) -> None:
    """The models there are: which is at work, which are proposals, where their cards lie."""
    from lead_platform.identity.modelling.proposals import list_models as models

    table = Table("model", "state", "card")
    for name, state, card in models(*_specification(Settings(), of)):
        table.add_row(name, state, card or "")
    console.print(table)


@identity_app.command("compare")
def compare(
    model: Annotated[str, typer.Argument(help="A model, as `identity models` lists it.")],
    of: Of = Subject.LEADS,
    limit: Annotated[int, typer.Option("--limit", min=0, help="How many pairs to list.")] = 20,
) -> None:
    """Which pairs of records a model would decide otherwise than the one at work."""
    from lead_platform.identity.engine.model import load_model
    from lead_platform.identity.modelling.proposals import compare_models, model_at_work
    from lead_platform.lake.lake import Lake

    settings = Settings()
    specification, folder = _specification(settings, of)
    proposed = load_model(specification, folder, name=model)
    work = model_at_work(specification, folder)
    with console.status("Comparing …"), Lake(settings).read(is_long=True) as connection:
        records = _material(connection, settings, of).records
        found = compare_models(records, specification, active=work.model, proposed=proposed)
    for warning in work.warnings():
        complain(warning)
    _show_counts(found)
    ids = ["left_record_id", "right_record_id"]
    shown = ["active", "proposed", "match_probability_active", "match_probability_proposed"]
    rows = found.changes[ids + shown].head(limit).itertuples(index=False, name=None)
    print_rows([*ids, work.model.name, model, "before", "after"], list(rows))
    _tell_changes(found)


@identity_app.command("activate")
def activate(
    model: Annotated[str, typer.Argument(help="A model, as `identity models` lists it.")],
    reason: Why,
    by: Person = "",
    of: Of = Subject.LEADS,
) -> None:
    """Put a model to work from the next run on; what has been merged stays merged."""
    from lead_platform.identity.modelling.proposals import activate_model, put_to_work
    from lead_platform.lake.lake import Lake, utc_now

    settings = Settings()
    specification, folder = _specification(settings, of)
    person, now = by or getpass.getuser(), utc_now()
    with Lake(settings).write(f"activate {model}") as candidate:
        changed = activate_model(
            candidate.connection,
            specification,
            folder,
            model,
            decided_by=person,
            reason=reason,
            decided_at=now,
        )
    # Only once its record is published: no model works without one.
    if changed:
        put_to_work(folder, model, decided_by=person, reason=reason, decided_at=now)
    console.print(f"{model} is at work." if changed else f"{model} was at work already.")


def _specification(settings: Settings, of: Subject) -> "tuple[LinkageSpecification, Path]":
    """How these are matched, and where their trained models lie."""
    from lead_platform.identity.accounts.specification import load_account_specification
    from lead_platform.identity.leads.specification import load_lead_specification

    if of is Subject.LEADS:
        return load_lead_specification(settings.config_dir), settings.models
    accounts = load_account_specification(settings.config_dir)
    return accounts, settings.models / accounts.name


def _material(connection: "DuckDBPyConnection", settings: Settings, of: Subject) -> "Material":
    from lead_platform.identity.accounts.specification import load_account_specification
    from lead_platform.identity.modelling.proposals import company_material, people_material

    if of is Subject.LEADS:
        return people_material(connection, _specification(settings, of)[0])
    return company_material(connection, load_account_specification(settings.config_dir))


def _show_counts(found: "Comparison") -> None:
    counts = found.counts
    table = Table("today", *(f"then {side}" for side in counts.columns))
    for side, row in zip(counts.index, counts.to_numpy().tolist(), strict=True):
        table.add_row(str(side), *(f"{count:,}" for count in row))
    console.print(table)


def _tell_changes(found: "Comparison") -> None:
    console.print(f"{len(found.changes):,} pairs would change side.")


def _show(proposal: "Proposal", of: Subject) -> None:
    console.print(f"{proposal.model.name}: trained on {proposal.records:,} records.")
    _show_counts(proposal.comparison)
    console.print(proposal.lesson.tell())
    _tell_changes(proposal.comparison)
    console.print(f"Card: {proposal.path.with_suffix('.md')}")
    about = "" if of is Subject.LEADS else f" --of {of.value}"
    console.print(
        f"At work after: lead-platform identity activate {proposal.model.name}{about} --reason WHY"
    )
