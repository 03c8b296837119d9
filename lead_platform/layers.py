"""The layers in the order in which a lead walks through them: the one list of them.

A layer's name is also that of its package, its Dagster group, its schema in the lake, its dbt
folder and its expectations folder. What else knows layers or workflows follows from here: the code
location, the kill switches, the suites that name workflows, the documents, the import contract.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """A layer, the question it answers, and its workflows: what acts on its own and can be stopped.

    Each workflow has a kill switch.
    """

    name: str
    question: str
    workflows: tuple[str, ...]


LAYERS = (
    Layer("capture", "What came in, from where?", ("capture",)),
    Layer("identity", "Who is this, and whom do we know already?", ("identity", "identity_scan")),
    Layer("enrichment", "What else is known?", ("enrichment",)),
    Layer("scoring", "How good, how engaged, how soon?", ("scoring",)),
    Layer("routing", "Who should handle it, and why?", ("routing",)),
    Layer(
        "governance", "Can we trust it, stop it, trace it?", ("maintenance", "catch_up", "alerts")
    ),
    Layer("reporting", "What came of it?", ("reporting",)),
)

LAYER_NAMES = tuple(layer.name for layer in LAYERS)

WORKFLOWS = tuple(workflow for layer in LAYERS for workflow in layer.workflows)

_WORKFLOW_OF_LAYER = {layer.name: layer.workflows[0] for layer in LAYERS}


def workflow_of(table: str) -> str:
    """The workflow that writes a `layer.table` on the way of a lead: the first of its layer."""
    return _WORKFLOW_OF_LAYER[table.split(".")[0]]
