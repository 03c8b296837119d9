"""Writes docs/tables.md from what the tables are made of: tables.sql, dbt models, suites, assets.

Run `python docs/tables.py` after changing one of them; a test compares.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from ruamel.yaml import YAML

from lead_platform.lake.suites import Reference, Suite, load_suites
from lead_platform.layers import LAYER_NAMES

PROJECT = Path(__file__).resolve().parent.parent
TARGET = PROJECT / "docs" / "tables.md"
CREATE = "create table if not exists "

HEAD = """<!-- Written by docs/tables.py; do not edit. -->
# Tables

Every table of the lake, by layer. Query them as `<layer>.<table>`, for example
`lead-platform sql "from identity.leads limit 5"`. Instants are UTC. JSON is kept as text.

*Written by* names the step in the Dagster UI. *Key* is unique over the whole table; the gate
checks it. *References* say which rows must exist elsewhere: `cascade` rows go when their parent
goes, `keep` rows stay as history. *Checked by* is the suite that every change has to pass.
"""


@dataclass
class Table:
    """What is known of one table: its grain, who writes it, its columns."""

    name: str
    grain: str
    writer: str = "the release gate, the switches and every workflow"
    columns: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def layer(self) -> str:
        """The layer it belongs to."""
        return self.name.split(".", 1)[0]


# Not assets: what people write with commands, and what follows from it in some runs only.
PEOPLE = {
    "identity.match_verdicts": "people, with `lead-platform merges` and `lead-platform reviews`",
    "identity.account_verdicts": "people, with `lead-platform accounts`",
    "identity.account_decisions": "`identify`, when a verdict takes effect",
    "identity.merged_account_members": "`identify`, when accounts merge",
}


def render_tables() -> str:
    """The whole document."""
    tables = {table.name: table for table in (*declared_tables(), *modelled_tables())}
    for name, writer in {**writers(tables), **PEOPLE}.items():
        tables[name].writer = writer
    suites = load_suites(PROJECT / "expectations")
    parts = [HEAD]
    for layer in LAYER_NAMES:
        parts.append(f"## {layer}\n")
        parts += [
            _section(table, suites[table.name]) for table in tables.values() if table.layer == layer
        ]
    return "\n".join(parts)


def declared_tables() -> Iterator[Table]:
    """The tables Python writes, as tables.sql of each layer declares them."""
    for path in sorted((PROJECT / "lead_platform").glob("*/tables.sql")):
        script = path.read_text(encoding="utf-8")
        grains = _grains(script)
        connection = duckdb.connect()
        for layer in {name.split(".")[0] for name in grains}:
            connection.execute(f"create schema {layer}")
        connection.execute(script)
        for name, grain in grains.items():
            described = connection.execute(f"describe {name}").fetchall()
            columns = [(column, kind.lower(), "") for column, kind, *_ in described]
            yield Table(name, grain, columns=columns)
        connection.close()


def modelled_tables() -> Iterator[Table]:
    """The tables dbt builds, as their yml describes them."""
    for path in sorted((PROJECT / "dbt_project" / "models").glob("*/*.yml")):
        document = YAML(typ="safe").load(path)
        for model in document.get("models", ()):
            columns = [
                (column["name"], column["data_type"], column["description"])
                for column in model["columns"]
            ]
            grain = " ".join(model["description"].split())
            yield Table(f"{path.parent.name}.{model['name']}", grain, columns=columns)


def writers(tables: dict[str, Table]) -> dict[str, str]:
    """The step that writes each table, read from the layers' assets.py."""
    trees = {
        path.parent.name: ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((PROJECT / "lead_platform").glob("*/assets.py"))
    }
    assigned = {
        (layer, node.targets[0].id): node.value
        for layer, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    found: dict[str, str] = {}
    for layer, tree in trees.items():
        for decorator in _asset_decorators(tree):
            given = {keyword.arg: keyword.value for keyword in decorator.keywords}
            name = given["name"]
            assert isinstance(name, ast.Constant)
            for home, specs in _specs(layer, given["specs"], assigned):
                for table, tool in _tables_of(home, specs, assigned, tables):
                    found[table] = f"`{name.value}` ({tool})"
    return found


def _asset_decorators(tree: ast.Module) -> Iterator[ast.Call]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and _named(decorator.func) == "multi_asset":
                    yield decorator


def _specs(
    layer: str, node: ast.expr, assigned: dict[tuple[str, str], ast.expr]
) -> Iterator[tuple[str, ast.Call]]:
    """The calls that make the specs of an asset, each with the layer it stands in."""
    if isinstance(node, ast.Call):
        yield layer, node
    elif isinstance(node, ast.List):
        for element in node.elts:
            yield from _specs(layer, element, assigned)
    elif isinstance(node, ast.Starred):
        yield from _specs(layer, node.value, assigned)
    elif isinstance(node, ast.Attribute):
        yield from _specs(_named(node.value), assigned[_named(node.value), node.attr], assigned)
    else:
        yield from _specs(layer, assigned[layer, _named(node)], assigned)


def _tables_of(
    layer: str,
    call: ast.Call,
    assigned: dict[tuple[str, str], ast.expr],
    tables: dict[str, Table],
) -> list[tuple[str, str]]:
    if _named(call.func) == "table_specs":
        schema, names = (ast.literal_eval(argument) for argument in call.args[:2])
        return [(f"{schema}.{name}", "Python") for name in names]
    selected = set(ast.literal_eval(assigned[layer, _named(call.args[0])]).split())
    modelled = {table.name for table in modelled_tables()}
    return [(name, "dbt") for name in tables if name in modelled and name.split(".")[1] in selected]


def _named(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _grains(script: str) -> dict[str, str]:
    """The comment above each table."""
    grains: dict[str, str] = {}
    comment: list[str] = []
    for line in script.splitlines():
        if line.startswith("--"):
            comment.append(line.removeprefix("--").strip())
        elif line.startswith(CREATE):
            grains[line.removeprefix(CREATE).split()[0]] = " ".join(comment)
        else:
            comment = []
    return grains


def _section(table: Table, suite: Suite) -> str:
    folder, name = table.name.split(".")
    facts = [
        f"### {table.name}\n",
        f"{table.grain}\n",
        f"- Written by: {table.writer}",
        f"- Key: {', '.join(f'`{column}`' for column in suite.meta.key)}",
        *(f"- References: {_reference(reference)}" for reference in suite.meta.references),
        f"- Checked by: `expectations/{folder}/{name}.json`, "
        f"{len(suite.expectations)} expectations\n",
    ]
    is_described = any(meaning for _, _, meaning in table.columns)
    render = _column_table if is_described else _column_list
    return "\n".join([*facts, *render(table, _allowed_values(suite))]) + "\n"


def _column_table(table: Table, allowed: dict[str, list[str]]) -> Iterator[str]:
    yield "| column | type | meaning |"
    yield "| --- | --- | --- |"
    for column, kind, meaning in table.columns:
        values = f"One of: {', '.join(allowed[column])}." if column in allowed else ""
        told = _cell(" ".join(filter(None, (meaning, values))))
        yield f"| `{column}` | {kind} | {told} |"


def _column_list(table: Table, allowed: dict[str, list[str]]) -> Iterator[str]:
    columns = (f"`{column}` {kind}" for column, kind, _ in table.columns)
    yield f"Columns: {', '.join(columns)}."
    for column, values in allowed.items():
        yield f"\n`{column}` is one of: {', '.join(values)}."


def _reference(reference: Reference) -> str:
    columns = ", ".join(f"`{column}`" for column in reference.columns)
    given = " and ".join(f"`{column}` is `{value}`" for column, value in reference.when.items())
    return f"{columns} → {reference.to} ({reference.on_delete})" + (given and f", where {given}")


def _allowed_values(suite: Suite) -> dict[str, list[str]]:
    """The values a column may have, where its suite lists them."""
    listed: dict[str, list[str]] = {}
    for spec in suite.expectations:
        if spec.type == "expect_column_values_to_be_in_set" and spec.scope == "rows":
            listed[spec.kwargs["column"]] = [f"`{value}`" for value in spec.kwargs["value_set"]]
    return listed


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(render_tables(), encoding="utf-8")
