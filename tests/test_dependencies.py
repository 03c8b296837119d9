"""What is imported is declared: nothing is there only because something else brings it along."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
OWN = {"lead_platform", "benchmarks", "tests"}


def _declared(*extras: str) -> set[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"]]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return {_normal(re.split(r"[\s<>=!~;\[]", line)[0]) for line in lines}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported(folder: str) -> Iterator[tuple[str, str]]:
    """Top-level package and file of every import."""
    for path in sorted((PROJECT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                yield name.split(".")[0], str(path.relative_to(PROJECT))


@pytest.mark.parametrize(("folder", "extras"), [("lead_platform", ()), ("tests", ("dev",))])
def test_what_is_imported_is_declared(folder: str, extras: tuple[str, ...]) -> None:
    declared, providers = _declared(*extras), packages_distributions()
    known = {*sys.stdlib_module_names, *OWN}
    undeclared = {
        f"{package} in {path}"
        for package, path in _imported(folder)
        if package not in known
        and not {_normal(name) for name in providers.get(package, ())} & declared
    }
    assert undeclared == set()
