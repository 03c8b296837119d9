"""A specification proposed for tables nobody has described, and its YAML.

Starts from the one that ships for the tables' kind, with the columns that were recognised, and adds
a comparison for each further column that may tell one record's subject from another's. What it
weighs, training finds out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lead_platform.identity.engine.reserved import RESERVED
from lead_platform.identity.engine.specification import (
    BlockingRule,
    Column,
    Comparison,
    Level,
)
from lead_platform.identity.linkage.columns import HOUSE_NUMBER, Recognised, Recognition
from lead_platform.identity.linkage.fields import FIRST_NAME, FULL_NAME, LAST_NAME
from lead_platform.identity.linkage.runs import fitted_specification
from lead_platform.identity.linkage.specification import (
    LinkSpecification,
    shipped_specification,
)
from lead_platform.vocabularies.text import fold

_LONGEST_NAME = 50
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_WORDS_OF_YAML = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True)
class LinkProposal:
    """A specification with the YAML that gives it, and what the columns were taken for."""

    specification: LinkSpecification
    recognition: Recognition
    text: str


def propose_linkage(recognition: Recognition, *, is_between: bool) -> LinkProposal:
    """The specification for tables with these columns.

    Raises TablesFault where none of them can be compared.
    """
    shipped = shipped_specification(recognition.kind)
    fields = _fields_of(recognition.columns)
    further: list[Recognised] = []
    for column in recognition.columns:
        if column.field is None:
            name = _slug(column.column, fields, shipped)
            further.append(replace(column, field=name))
            fields[name] = (column.column,)
    given = {*fields, *((FIRST_NAME, LAST_NAME) if FULL_NAME in fields else ())}
    specification = fitted_specification(
        _with_further(shipped.model_copy(update={"fields": fields}), further),
        sorted(given),
        is_between=is_between,
    )
    return LinkProposal(
        specification, recognition, render_specification(specification, recognition)
    )


def _fields_of(columns: Sequence[Recognised]) -> dict[str, tuple[str, ...]]:
    """Per field the columns it is read from; a house number stands before its street."""
    fields: dict[str, tuple[str, ...]] = {}
    for column in columns:
        if column.field is not None:
            fields[column.field] = (*fields.get(column.field, ()), column.column)
    numbers = fields.pop(HOUSE_NUMBER, ())
    if "street" in fields:
        fields["street"] = (*numbers, *fields["street"])
    return fields


def _slug(name: str, fields: dict[str, tuple[str, ...]], shipped: LinkSpecification) -> str:
    """A name for the column in the specification: nothing else is called so."""
    words = "_".join(fold(name).split())
    plain = "".join(sign for sign in words if sign.isascii() and (sign.isalnum() or sign == "_"))
    taken = {*fields, *shipped.columns, *(c.name for c in shipped.comparisons), *RESERVED}
    if plain and plain[0].isalpha() and plain not in taken and len(plain) <= _LONGEST_NAME:
        return plain
    return next(
        made for number in range(1, len(taken) + 2) if (made := f"column_{number}") not in taken
    )


def _with_further(
    specification: LinkSpecification, further: Sequence[Recognised]
) -> LinkSpecification:
    """The specification that also compares columns that only these tables have."""
    names = [str(column.field) for column in further]
    derived = {
        name: Column(derive="compact" if column.is_key else "text", given=(name,))
        for name, column in zip(names, further, strict=True)
    }
    comparisons = [_comparison(str(column.field), is_key=column.is_key) for column in further]
    keys = [str(column.field) for column in further if column.is_key]
    rules = [BlockingRule(name=f"same_{name}", columns=(name,), window=100) for name in keys]
    blocking = specification.blocking
    return specification.model_copy(
        update={
            "columns": specification.columns | derived,
            "comparisons": (*specification.comparisons, *comparisons),
            "blocking": blocking.model_copy(update={"rules": (*blocking.rules, *rules)}),
        }
    )


def _comparison(name: str, *, is_key: bool) -> Comparison:
    near = (
        Level(name="one_letter_off", damerau_levenshtein=name, at_most=1)
        if is_key
        else Level(name="similar", jaro_winkler=name, at_least=0.9)
    )
    same = Level(name="same", exact=name, rarity=0 if is_key else 1)
    return Comparison(name=name, needs=(name,), levels=(same, near))


# --- the YAML ----------------------------------------------------------------------------------


def render_specification(specification: LinkSpecification, recognition: Recognition) -> str:
    """The specification as YAML to edit, with what each field was told by; reading it gives the
    same."""
    held = specification.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return "\n".join(_lines(held, recognition)) + "\n"


def _lines(held: dict[str, Any], recognition: Recognition) -> Iterator[str]:
    told = {column.column: column for column in recognition.columns}
    yield "# Proposed by `lead-platform link --guess`. Edit it, then: lead-platform link FILE"
    yield "# --spec THIS --out DIR. docs/identity.md says what each part means."
    yield f"name: {held['name']}"
    yield f"model: {held['model']}"
    yield ""
    yield "# Which columns of the tables hold each field; several are joined by a space."
    yield "fields:"
    for field, names in held.get("fields", {}).items():
        notes = "; ".join(
            f"{one.filled:.0%} filled, {one.distinct:,} values, told by {one.reason}"
            for name in names
            if (one := told.get(name)) is not None
        )
        yield f"  {field}: {_flow(names)}" + (f"  # {notes}" if notes else "")
    for name, why in recognition.left_out.items():
        yield f"  # left out: {_flow(name)}: {' '.join(why.split())}"
    yield ""
    yield "columns:"
    for name, column in held["columns"].items():
        yield f"  {name}: {_flow(column)}"
    yield ""
    yield "# Match probabilities: merged from the first on, shown to a person from the second on."
    yield f"thresholds: {_flow(held['thresholds'])}"
    yield from _listed_lines(held, "exact_keys")
    yield ""
    yield "# Only records that share one of these are compared, each with the `window` first ones."
    yield "blocking:"
    yield f"  window: {held['blocking']['window']}"
    if "between" in held["blocking"]:
        yield f"  between: {held['blocking']['between']}"
    yield "  rules:"
    for rule in held["blocking"]["rules"]:
        yield f"    - {_flow(rule)}"
    yield from _comparison_lines(held, "comparisons")
    yield from _comparison_lines(held, "guard_comparisons")
    yield from _listed_lines(held, "guards")
    yield ""
    yield "# Without labels; sessions are blocks to learn from, beside those of the rules."
    yield "training:"
    for key, value in held["training"].items():
        yield f"  {key}: {_flow(value)}"
    for key in ("clustering", "scan"):
        if held.get(key):
            yield f"{key}: {_flow(held[key])}"
    yield from _listed_lines(held, "nicknames")


def _listed_lines(held: dict[str, Any], key: str) -> Iterator[str]:
    if held.get(key):
        yield ""
        yield f"{key}:"
        for one in held[key]:
            yield f"  - {_flow(one)}"


def _comparison_lines(held: dict[str, Any], key: str) -> Iterator[str]:
    if not held.get(key):
        return
    yield ""
    yield f"{key}:"
    for comparison in held[key]:
        yield f"  - name: {comparison['name']}"
        if comparison.get("individual"):
            yield "    individual: true"
        yield f"    needs: {_flow(comparison['needs'])}"
        yield "    levels:"
        for level in comparison["levels"]:
            yield f"      - {_flow(level)}"


def _flow(value: Any) -> str:
    """YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    return repr(value)


def _is_plain(text: str) -> bool:
    return (
        bool(text)
        and set(text) <= _PLAIN
        and text[0].isalpha()
        and text.lower() not in _WORDS_OF_YAML
    )


def _quoted(text: str) -> str:
    """A name of any signs, as a double-quoted scalar."""
    known = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    shown = "".join(
        known.get(sign, sign if sign.isprintable() else f"\\U{ord(sign):08x}") for sign in text
    )
    return f'"{shown}"'
