"""`lead-platform link`: deduplicate or link tables of any kind; nothing of it enters the lake."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lead_platform.cli.terminal import complain, console, print_rows, untold
from lead_platform.settings import Settings

if TYPE_CHECKING:
    from lead_platform.identity.linkage.proposal import LinkProposal
    from lead_platform.identity.linkage.specification import LinkSpecification
    from lead_platform.identity.linkage.tables import Tables

SPECIFICATION = "specification.yaml"


class RecordKind(StrEnum):
    """What the records of the tables are of."""

    PERSON = "person"
    ORGANISATION = "organisation"


def link(
    files: Annotated[
        list[Path],
        typer.Argument(help="Tables: CSV, Excel, Parquet, JSON, JSONL.", metavar="FILE…"),
    ],
    spec: Annotated[
        Path | None, typer.Option("--spec", help="How to match; without it, what --guess proposes.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder for clusters, pairs, charts, card.")
    ] = None,
    guess: Annotated[
        bool, typer.Option("--guess", help="Only propose a specification: the YAML to edit.")
    ] = False,
    kind: Annotated[
        RecordKind | None, typer.Option("--kind", help="Of what the records are; else it is told.")
    ] = None,
    between: Annotated[
        bool, typer.Option("--between", help="No file holds anybody twice: only link across them.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option("--model", help="A model.json of an earlier run; trains none.")
    ] = None,
    header_row: Annotated[
        int | None, typer.Option("--header-row", min=1, help="The row that names the columns.")
    ] = None,
) -> None:
    """Find which records of tables are one person or organisation, within and across files."""
    if between and len(files) < 2:
        raise typer.BadParameter("--between links files with each other: give two or more")
    if guess and (spec or model):
        raise typer.BadParameter("--guess proposes a specification: leave out --spec and --model")
    if not guess and out is None:
        raise typer.BadParameter("Say where to: --out DIR; or see the proposal first: --guess")
    # What the specification that ships reads and no table has is nothing to tell.
    with untold("lead_platform.identity.engine.specification"):
        tables = _read(files, header_row)
        proposal = None if spec else _propose(tables, kind, is_between=between)
        if guess:
            assert proposal is not None
            _give(proposal, files, out)
            return
        assert out is not None
        _link(tables, spec, proposal, out, model, is_between=between)


def _read(files: list[Path], header_row: int | None) -> "Tables":
    from lead_platform.capture.guessing.names import load_field_names
    from lead_platform.capture.tabular.wanted import Wanted
    from lead_platform.identity.linkage.tables import read_tables
    from lead_platform.vocabularies.folder import load_intake_lists

    folder = Settings().config_dir
    names = load_field_names(folder)
    with console.status("Reading …"):
        return read_tables(
            files, load_intake_lists(folder), Wanted(is_name=names.has), header_row=header_row
        )


def _propose(tables: "Tables", kind: RecordKind | None, *, is_between: bool) -> "LinkProposal":
    from lead_platform.capture.guessing.names import load_field_names
    from lead_platform.capture.guessing.shapes import Countries
    from lead_platform.identity.linkage.columns import recognise_columns
    from lead_platform.identity.linkage.proposal import propose_linkage
    from lead_platform.vocabularies.folder import load_vocabularies

    folder = Settings().config_dir
    told: Literal["person", "organisation"] | None = None
    if kind is not None:
        told = "person" if kind is RecordKind.PERSON else "organisation"
    countries = Countries(load_vocabularies(folder))
    recognition = recognise_columns(tables, load_field_names(folder), countries, told)
    return propose_linkage(recognition, is_between=is_between)


def _give(proposal: "LinkProposal", files: list[Path], out: Path | None) -> None:
    """The proposal on standard output, or in the folder."""
    if out is None:
        console.print(proposal.text, markup=False, highlight=False, soft_wrap=True, end="")
        return
    path = _write(proposal, out)
    complain(
        f"Written: {path}. Edit it, then: lead-platform link {shlex.join(map(str, files))} "
        f"--spec {shlex.quote(str(path))} --out {shlex.quote(str(out))}"
    )


def _write(proposal: "LinkProposal", out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    path = out / SPECIFICATION
    path.write_text(proposal.text, encoding="utf-8")
    return path


def _link(
    tables: "Tables",
    spec: Path | None,
    proposal: "LinkProposal | None",
    out: Path,
    model: Path | None,
    *,
    is_between: bool,
) -> None:
    from lead_platform.configuration import load_json, load_yaml
    from lead_platform.identity.engine.model import MatchModel
    from lead_platform.identity.leads.specification import load_lead_specification
    from lead_platform.identity.linkage.cards import summarise
    from lead_platform.identity.linkage.fields import read_fields
    from lead_platform.identity.linkage.outputs import tell_outcome, write_outcome
    from lead_platform.identity.linkage.runs import fitted_specification, run_linkage
    from lead_platform.identity.linkage.specification import LinkSpecification
    from lead_platform.vocabularies.folder import load_vocabularies

    folder = Settings().config_dir
    if proposal is not None:
        specification = proposal.specification
        if (out / SPECIFICATION).exists():
            complain(f"{out / SPECIFICATION} is written anew; use an edited one with --spec.")
        _write(proposal, out)
    else:
        assert spec is not None
        specification = load_yaml(spec, LinkSpecification)
    given = load_json(model, MatchModel) if model is not None else None
    fields = read_fields(tables, specification, load_vocabularies(folder))
    fitted = fitted_specification(
        specification,
        [str(name) for name in fields.frame.columns],
        is_between=is_between,
        nicknames=load_lead_specification(folder).nicknames,
    )
    with console.status("Matching …"):
        run = run_linkage(fields.frame, fitted, given)
        outcome = tell_outcome(tables, run)
    notes = (*tables.notes, *fields.notes, *_left_out(proposal, specification, fitted))
    summary = summarise(run, files=tables.files, reviews=len(outcome.reviews), notes=notes)
    paths = write_outcome(outcome, run, summary, out)
    for line in (*notes, *(alarm.text for alarm in summary.alarms)):
        complain(line)
    for line in summary.lines():
        console.print(line, highlight=False, soft_wrap=True)
    print_rows(
        ["file", "what it holds"], [(str(path), _HOLDS.get(path.name, "")) for path in paths]
    )


_HOLDS = {
    "clusters.csv": "every record with its cluster",
    "matches.csv": "pairs that merged, the surest first",
    "reviews.csv": "pairs for a person, the likeliest first",
    "card.md": "what was compared, and what to look at",
    "model.json": "the trained rates: --model takes them",
    "match_weights.svg": "what each level of agreement weighs",
    "pairs.svg": "pairs by weight and decision",
    "cluster_sizes.svg": "clusters by size",
}


def _left_out(
    proposal: "LinkProposal | None",
    specification: "LinkSpecification",
    fitted: "LinkSpecification",
) -> list[str]:
    """What the tables' columns could not fill, and which columns nobody reads."""
    if proposal is not None:
        return [
            f"{name}: not compared: {why}" for name, why in proposal.recognition.left_out.items()
        ]
    kept = {comparison.name for comparison in fitted.comparisons}
    lost = [one.name for one in specification.comparisons if one.name not in kept]
    rules = {rule.name for rule in fitted.rules}
    unused = [rule.name for rule in specification.rules if rule.name not in rules]
    return [
        *([f"comparisons without their columns: {', '.join(lost)}"] if lost else []),
        *([f"rules without their columns: {', '.join(unused)}"] if unused else []),
    ]
