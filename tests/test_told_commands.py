"""Commands the product tells people to paste: no name from outside acts in them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lead_platform
from tests.commands import examples_in, faults_of, faults_of_example, told_in

PACKAGE = Path(lead_platform.__file__).parent

# Ids and numbers the platform made itself, and names that were found among its own.
OURS = {
    "about",
    "account['account_id']",
    "account_id",
    "counts.delivery_id",
    "entry.quarantine_id",
    "switch.workflow",
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


def texts_in(source: str) -> Iterator[str]:
    """Every text of a module, with `x` for what is put into it; those that follow are one."""
    within: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            within.update(id(part) for part in ast.walk(node))
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values
            )
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in within
        ):
            yield node.value


def test_commands_in_messages_exist_with_their_options() -> None:
    """Only the documents' commands were held against those there are."""
    texts = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    told = {
        " ".join(words): faults_of(words)
        for source in texts.values()
        if "lead-platform " in source
        for text in texts_in(source)
        for words in told_in(text)
    }
    assert len(told) > 60
    assert {command: faults for command, faults in told.items() if faults} == {}


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ("See them with: lead-platform quarantine lists", "no command 'lists'"),
        ("Take it in: lead-platform ingest x --chanel NAME.", "no option --chanel"),
        ("`lead-platform workflows disable x -f`", "no option -f"),
        ("Undo: lead-platform merges undo dec_1 --by NAME", "no --reason beside --by"),
        ("lead-platform quarantine", None),
        ("`lead-platform releases` lists them", None),
        ("lead-platform lead <an e-mail address>    the whole story", None),
        ('lead-platform sql "select 1 - 2 from identity.leads"', None),
        ("lead-platform up is starting.", None),
    ],
)
def test_wrong_commands_in_messages_would_be_seen(told: str, fault: str | None) -> None:
    [words] = told_in(told)
    assert faults_of(words) == ([fault] if fault else [])


@pytest.mark.parametrize(
    ("block", "is_sound"),
    [
        ("lead-platform releases diff 1 2", True),
        ("lead-platform releases diff 1", False),
        ("lead-platform releases diff one two", False),
        ("lead-platform lead <an e-mail address or lead id>  # the story", True),
        ("lead-platform merges undo dec_1 --by Dana", False),
        ("lead-platform merges undo dec_1 --by Dana --reason 'same name'", True),
        ('lead-platform sql "select 1\n    from identity.leads" --csv | head', True),
        ("HOME=/x lead-platform sql --attached", False),
        ("lead-platform quarantine", False),
        ("lead-platform demo 5000", False),
    ],
)
def test_examples_that_cannot_be_typed_would_be_seen(block: str, is_sound: bool) -> None:
    [arguments] = examples_in(block)
    assert (faults_of_example(arguments) == []) == is_sound
