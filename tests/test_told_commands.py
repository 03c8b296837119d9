"""Commands the product tells people to paste: no name from outside acts in them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import lead_platform

PACKAGE = Path(lead_platform.__file__).parent

# Ids and numbers the platform made itself, and names that were found among its own.
OURS = {
    "about",
    "account['account_id']",
    "account_id",
    "counts.delivery_id",
    "delivery.delivery_id",
    "lead_id",
    "name",
    "near.channel",
    "one",
    "port + 1",
    "proposal.model.name",
    "retired",
    "scan.run_id[:8]",
    # In a sentence: `lead-platform up runs for …`.
    "settings.home",
}


def values_in_commands(source: str) -> Iterator[str]:
    """What f-strings put into the command they tell."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        told = ""
        for part in node.values:
            if isinstance(part, ast.Constant):
                told += str(part.value)
            elif isinstance(part, ast.FormattedValue):
                if re.search(r"lead-platform [a-z][^.;:`()]*$", told):
                    yield ast.unparse(part.value)
                told += "x"


def test_names_in_commands_are_quoted() -> None:
    """`archive check` told to take a file in again: its sender's name for it ended the quotes."""
    texts = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    found = {
        (path.name, value)
        for path, text in texts.items()
        if "lead-platform " in text
        for value in values_in_commands(text)
    }
    assert ("home.py", "shlex.quote(str(target))") in found
    assert {each for each in found if each[1] not in OURS and "shlex." not in each[1]} == set()


def test_unquoted_names_would_be_seen() -> None:
    source = "f\"Take {count} in: lead-platform ingest '{file.path}' --channel {channel}. {more}\""
    assert list(values_in_commands(source)) == ["file.path", "channel"]
