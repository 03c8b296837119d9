"""Commands of `lead-platform` as documents and messages tell them, held against those there are.

Nothing is run: the command line's own parser reads them.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import typer

from lead_platform.cli.main import app

_PLACEHOLDER = re.compile(r"<[^<>\n]+>")
# Where a command ends that stands in a sentence, or beside what it is for.
_TOLD = re.compile(
    r"(?<![\w/.-])lead-platform +([a-z][^#`;:()]*?)(?=[#`;:()]|\n|\s{2}|lead-platform|\Z)"
)
# Typer brings a click of its own, of which only this much is public.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
_OPERATORS = frozenset({"|", "&&", "||", ";", ">", ">>", "<", "&"})


def told_in(text: str) -> list[list[str]]:
    """The words after each `lead-platform` of a sentence; what follows the command may be among
    them."""
    return [match[1].split() for match in _TOLD.finditer(text)]


def faults_of(words: list[str]) -> list[str]:
    """What of a command that stands in a sentence does not exist.

    It may be told without what it asks for; one of several that it needs is no command.
    """
    command, rest, unknown = _resolve([word.rstrip('",.') for word in words if word != "…"])
    if unknown is not None:
        return [f"no command {unknown!r}"]
    options = {"--help", *(option for each in command.params for option in _names(each))}
    given = [word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)]
    faults = [f"no option {word}" for word in given if word not in options]
    needed = {each.opts[0] for each in command.params if each.required and _names(each)}
    return faults + [
        f"no {name} beside {' '.join(given)}"
        for name in sorted(needed - {*given})
        if needed & {*given}
    ]


def faults_of_example(arguments: list[str]) -> list[str]:
    """Why the parser refuses a command that is told to be typed as it stands."""
    command, rest, unknown = _resolve(arguments)
    if unknown is not None:
        return [f"no command {unknown!r}"]
    try:
        command.make_context("example", rest)
    except typer.Exit:
        return []
    except _UsageError as error:
        return [str(error)]
    return []


def examples_in(block: str) -> Iterator[list[str]]:
    """The arguments of each command in a block of shell, quotes over several lines included."""
    pending = ""
    for line in _PLACEHOLDER.sub("x", block).splitlines():
        pending = f"{pending}\n{line}" if pending else line
        if pending.endswith("\\"):
            pending = pending[:-1]
            continue
        try:
            words = shlex.split(pending, comments=True)
        except ValueError:
            continue
        pending = ""
        while words and "=" in words[0]:
            words.pop(0)
        if words and words[0].rpartition("/")[2] == "lead-platform":
            ends = [place for place, word in enumerate(words) if word in _OPERATORS]
            yield words[1 : ends[0]] if ends else words[1:]


def _resolve(words: list[str]) -> tuple[Any, list[str], str | None]:
    """The command that the words name, those that follow, and the first that names none."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        if rest[0] not in command.commands:
            return command, rest, rest[0]
        command = command.commands[rest.pop(0)]
    return command, rest, None


def _names(parameter: Any) -> list[str]:
    names = (*parameter.opts, *parameter.secondary_opts)
    return [name for name in names if name.startswith("-")]
