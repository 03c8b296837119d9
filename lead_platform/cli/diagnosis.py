"""`lead-platform identity doctor`: what keys, weights and thresholds do on one's own records."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lead_platform.cli.terminal import complain, console, untold
from lead_platform.settings import Settings

if TYPE_CHECKING:
    from lead_platform.identity.modelling.diagnosis import Diagnosis

DIAGNOSIS, CHART = "diagnosis.md", "match_weights.svg"


def doctor(
    spec: Annotated[
        Path | None,
        typer.Argument(
            help="A specification of tables; default: how leads are matched.", metavar="SPEC"
        ),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Argument(help="The tables; without SPEC: the leads.", metavar="FILE…"),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="A model.json; else one is trained on the tables."),
    ] = None,
    labels: Annotated[
        str | None, typer.Option("--labels", help="A column that says which records are one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A folder for the diagnosis and the chart.")
    ] = None,
) -> None:
    """Show what absent columns cost, how far keys reach, odd weights, and what thresholds do."""
    if spec is not None and not data:
        raise typer.BadParameter("Give the tables too: lead-platform identity doctor SPEC FILE …")
    if spec is None and (model or labels):
        raise typer.BadParameter("--model and --labels are for tables: give SPEC and FILE")
    from lead_platform.identity.modelling.charts import save_chart
    from lead_platform.identity.modelling.diagnosis import render_diagnosis

    # It tells itself what absent columns take along.
    with console.status("Looking …"), untold("lead_platform.identity.engine.specification"):
        found, chart = _of_leads() if spec is None else _of_tables(spec, data or [], model, labels)
    text = render_diagnosis(found)
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    if out is not None:
        save_chart(chart, out / CHART)
        (out / DIAGNOSIS).write_text(f"{text}\n![weights]({CHART})\n", encoding="utf-8")
        complain(f"Written: {out / DIAGNOSIS}, {out / CHART}")


def _of_leads() -> "tuple[Diagnosis, object]":
    """The leads of this installation, by the model at work and people's verdicts."""
    from lead_platform.identity.judgement.verdicts import SAME
    from lead_platform.identity.leads.specification import load_lead_specification
    from lead_platform.identity.modelling.charts import match_weights_chart
    from lead_platform.identity.modelling.diagnosis import by_verdicts, diagnose
    from lead_platform.identity.modelling.proposals import model_at_work, people_material
    from lead_platform.lake.lake import Lake

    settings = Settings()
    specification = load_lead_specification(settings.config_dir)
    work = model_at_work(specification, settings.models)
    for warning in work.warnings():
        complain(warning)
    with Lake(settings).read(is_long=True) as connection:
        material = people_material(connection, specification)
    if not material.records.num_rows:
        raise LookupError("No leads yet. Take some in first: lead-platform ingest")
    verdicts = material.verdicts
    measure = by_verdicts(verdicts.assign(is_same=verdicts["verdict"] == SAME))
    found = diagnose(
        material.records, work.specification, work.model, whole=specification, measure=measure
    )
    return found, match_weights_chart(work.specification, work.model)


def _of_tables(
    spec: Path, data: list[Path], model: Path | None, labels: str | None
) -> "tuple[Diagnosis, object]":
    from lead_platform.capture.guessing.names import load_field_names
    from lead_platform.capture.tabular.wanted import Wanted
    from lead_platform.configuration import load_json, load_yaml
    from lead_platform.identity.engine.model import MatchModel
    from lead_platform.identity.leads.specification import load_lead_specification
    from lead_platform.identity.linkage.fields import read_fields
    from lead_platform.identity.linkage.runs import examine, fitted_specification
    from lead_platform.identity.linkage.specification import LinkSpecification
    from lead_platform.identity.linkage.tables import read_tables
    from lead_platform.identity.modelling.charts import match_weights_chart
    from lead_platform.vocabularies.folder import load_intake_lists, load_vocabularies

    folder = Settings().config_dir
    specification = load_yaml(spec, LinkSpecification)
    names = load_field_names(folder)
    tables = read_tables(data, load_intake_lists(folder), Wanted(is_name=names.has))
    if labels is not None and labels not in tables.columns:
        raise ValueError(
            f"No column {labels!r} in the tables; they have {', '.join(tables.columns)}"
        )
    fields = read_fields(tables, specification, load_vocabularies(folder))
    for note in (*tables.notes, *fields.notes):
        complain(note)
    fitted = fitted_specification(
        specification,
        [str(name) for name in fields.frame.columns],
        is_between=False,
        nicknames=load_lead_specification(folder).nicknames,
    )
    given = load_json(model, MatchModel) if model is not None else None
    truth = tables.frame[labels] if labels is not None else None
    found, used = examine(fields.frame, fitted, given, whole=specification, truth=truth)
    return found, match_weights_chart(fitted, used)
