"""Reads what RevOps owns: YAML for rules, CSV for tables people keep in spreadsheets.

Owns parsing, validation and the wording of faults (file, line, field, value, what is allowed).
What a rule means belongs to the layer whose model is passed in.
"""

import csv
import functools
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    NodeEvent,
    ScalarEvent,
)
from ruamel.yaml.nodes import MappingNode, ScalarNode
from ruamel.yaml.scanner import RoundTripScanner

M = TypeVar("M", bound=BaseModel)

# The largest file that ships has 60 kB and 2,000 values. Aliases count as what they stand for: ten
# lines of them can stand for a billion values.
FILE_LIMIT = 16 * 1_048_576
YAML_LIMIT = 1_048_576
# The time the reader takes for a comment before all else grows with the square of its length:
# 200,000 characters took 1.3 s. No line that ships has 200.
COMMENT_LINE_LIMIT = 50_000
VALUES_LIMIT = 100_000
DEPTH_LIMIT = 50
# A larger whole number is a slip, and Python refuses to write one of over 4,300 digits.
NUMBER_BITS = 256
# What may be one; `&&`, and `&` and `*` of paths, are no sign of many values. An anchor alone makes
# none, and an alias without its anchor is refused by the reader.
_ALIAS = re.compile(r"(?:^|[\s,:?\[{-])\*[^\s,\[\]{}]", re.MULTILINE)
_BRACKETS = re.compile(r"[\[\]{}]")
_LINE = re.compile(r" at line (\d+) column \d+$")
_DEEP_BLOCK = re.compile(rf"^ {{{DEPTH_LIMIT}}}|(?:[-?] +){{10}}", re.MULTILINE)


class _Scanner(RoundTripScanner):
    """Tells where in the text the reader gives up."""

    def fetch_more_tokens(self) -> Any:
        try:
            return super().fetch_more_tokens()
        except (YAMLError, RecursionError):
            raise
        except Exception as error:
            raise MarkedYAMLError(
                problem=_reason(error), problem_mark=self.reader.get_mark()
            ) from error


class _Constructor(RoundTripConstructor):
    """Tells which value cannot be made, and makes none whose making has no bound."""

    def construct_non_recursive_object(self, node: Any, tag: str | None = None) -> Any:
        # A key within a key is made three times: 14 `?` took 4 s, 40 would take for ever.
        if isinstance(node, MappingNode):
            for key, _ in node.value:
                if not isinstance(key, ScalarNode):
                    raise _unmade("a key is a text or a number, not a list or entries", key)
        try:
            made = super().construct_non_recursive_object(node, tag)
            if isinstance(made, str):
                made.encode()
        except (YAMLError, RecursionError):
            raise
        except Exception as error:
            raise _unmade(f"no value can be made of this: {_reason(error)}", node) from error
        if isinstance(made, int) and made.bit_length() > NUMBER_BITS:
            raise _unmade("a number of too many digits; quote it if it is a text", node)
        return made


def _unmade(problem: str, node: Any) -> MarkedYAMLError:
    return MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _reason(error: Exception) -> str:
    """What the reader's libraries say, on one line; some say nothing."""
    return " ".join(str(error).split()) or type(error).__name__


class ConfigurationError(Exception):
    """Every fault found in one or more configuration files.

    `faults` holds one line per fault: `file:line: field: what is wrong, what is allowed`.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(self.faults))


def load_yaml(path: Path, model: type[M], context: object = None) -> M:
    """The file's content as `model`, whose validators see `context`.

    Raises ConfigurationError with all faults at once.
    """
    document = parse_yaml(path)
    if not isinstance(document, CommentedMap):
        raise ConfigurationError([f"{path}:1: expected `key: value` entries at the top level"])
    try:
        return model.model_validate(_plain(document), context=context)
    except ValidationError as error:
        raise ConfigurationError(
            _describe(path, detail, _line_of(document, detail["loc"])) for detail in error.errors()
        ) from None


def load_json(path: Path, model: type[M]) -> M:
    """The file's content as `model`. Raises ConfigurationError with all faults at once."""
    try:
        return model.model_validate_json(read_bounded(path, FILE_LIMIT))
    except FileNotFoundError:
        raise ConfigurationError([f"{path}: file not found; create it or restore it"]) from None
    except OSError as error:
        raise ConfigurationError([f"{path}: not readable: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError([f"{path}:1: not readable as UTF-8: {error}"]) from None
    except ValidationError as error:
        raise ConfigurationError(_json_faults(path, error)) from None


def _json_faults(path: Path, error: ValidationError) -> list[str]:
    """What is no JSON says its line itself; of what is, the lines are found as YAML."""
    details = error.errors(include_url=False)
    if details[0]["type"] == "json_invalid":
        reason = str(details[0]["ctx"]["error"])
        line = _LINE.search(reason)
        return [f"{path}:{line[1] if line else 1}: not valid JSON: {_LINE.sub('', reason)}"]
    try:
        document = parse_yaml(path)
    except ConfigurationError:
        document = None
    return [_describe(path, detail, _line_of(document, detail["loc"])) for detail in details]


def load_csv(path: Path, row_model: type[M]) -> list[M]:
    """One `row_model` per row; header names are field names, empty cells count as absent.

    Raises ConfigurationError with all faults at once; lines are counted as in an editor.
    """
    rows, faults = read_csv(path, row_model)
    if faults:
        raise ConfigurationError(faults)
    return [row for _, row in rows]


def read_csv(path: Path, row_model: type[M]) -> tuple[list[tuple[int, M]], list[str]]:
    """As `load_csv`: the rows that can be read, each with the line it ends on, and all faults."""
    try:
        file = io.StringIO(read_bounded(path, FILE_LIMIT, encoding="utf-8-sig"), newline="")
        reader = csv.DictReader(file, restkey="", strict=True)
        numbered = [(reader.line_num, row) for row in reader]
        header = list(reader.fieldnames or [])
    except FileNotFoundError:
        return [], [f"{path}: file not found; create it or restore it"]
    except ConfigurationError as error:
        return [], error.faults
    except OSError as error:
        return [], [f"{path}: not readable: {error.strerror}"]
    except (UnicodeDecodeError, csv.Error) as error:
        return [], [f"{path}: not readable as UTF-8 CSV: {error}"]
    faults = _header_faults(path, header, row_model)
    rows: list[tuple[int, M]] = []
    for line, row in numbered:
        if "" in row:
            faults.append(f"{path}:{line}: more cells than the {len(header)} columns of the header")
            continue
        cells = {key: value.strip() for key, value in row.items() if value and value.strip()}
        try:
            rows.append((line, row_model.model_validate(cells)))
        except ValidationError as error:
            faults += [_describe(path, detail, line) for detail in error.errors()]
    return rows, faults


def content_version(*paths: Path) -> str:
    """A name for the contents of these files, in this order: 12 hexadecimal digits."""
    digest = hashlib.sha256()
    for path in paths:
        _require_file(path)
        digest.update(path.read_bytes())
        digest.update(b"\x1f")
    return digest.hexdigest()[:12]


def read_bounded(path: Path, limit: int, *, encoding: str = "utf-8") -> str:
    """The file's text. Raises ConfigurationError for more than `limit` bytes, and for no file."""
    _require_file(path)
    size = path.stat().st_size
    if size > limit:
        raise ConfigurationError(
            [f"{path}:1: {size:,} bytes; the limit is {limit:,}: make several files of it"]
        )
    with path.open(encoding=encoding, newline="") as file:
        return file.read()


def _require_file(path: Path) -> None:
    """A pipe would be waited for. What is not there is left to the reader."""
    if path.exists() and not path.is_file():
        raise ConfigurationError([f"{path}: no regular file; put a file in its place or remove it"])


def parse_yaml(path: Path) -> Any:
    """The document with the lines of its parts, to be read only. Raises ConfigurationError."""
    try:
        text = read_bounded(path, YAML_LIMIT)
        _require_comments(path, text)
        return _parse_text(text)
    except FileNotFoundError:
        raise ConfigurationError([f"{path}: file not found; create it or restore it"]) from None
    except OSError as error:
        raise ConfigurationError([f"{path}: not readable: {error.strerror}"]) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise ConfigurationError([f"{path}:{line}: not valid YAML: {error.problem}"]) from None
    except RecursionError:
        raise ConfigurationError([f"{path}:1: nested deeper than {DEPTH_LIMIT} levels"]) from None
    except ConfigurationError:
        raise
    except Exception as error:
        # Whatever the reader raises is this file's fault: a day that is none once stopped all.
        reason = _reason(error)
        raise ConfigurationError([f"{path}:1: not readable as YAML: {reason}"]) from error


def _require_comments(path: Path, text: str) -> None:
    if len(text) > COMMENT_LINE_LIMIT:
        faults = [
            f"{path}:{number}: a line of {len(line):,} characters with a # in it; the limit is "
            f"{COMMENT_LINE_LIMIT:,}: make several lines of it"
            for number, line in enumerate(text.splitlines(), start=1)
            if len(line) > COMMENT_LINE_LIMIT and "#" in line
        ]
        if faults:
            raise ConfigurationError(faults)


@functools.lru_cache(maxsize=128)
def _parse_text(text: str) -> Any:
    """The document, to be read only: a warm process meets the same texts in every run."""
    if _ALIAS.search(text) is not None or _may_be_deep(text):
        _check_extent(text)
    return _reader().load(text)


def _reader() -> YAML:
    reader = YAML(typ="rt")
    reader.Scanner, reader.Constructor = _Scanner, _Constructor
    return reader


def _may_be_deep(text: str) -> bool:
    """Cheap: going through the events of a document takes as long as loading it."""
    depth = 0
    for bracket in _BRACKETS.findall(text):
        depth += 1 if bracket in "[{" else -1
        if depth > DEPTH_LIMIT:
            return True
    return _DEEP_BLOCK.search(text) is not None


def _check_extent(text: str) -> None:
    """Raises MarkedYAMLError where the document, its aliases written out, is too deep or large."""
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str, int]] = []
    total = 0
    for event in _reader().parse(text):
        fault = None
        if isinstance(event, CollectionStartEvent):
            open_nodes.append((str(event.anchor), total))
            if len(open_nodes) > DEPTH_LIMIT:
                fault = f"nested deeper than {DEPTH_LIMIT} levels"
        elif isinstance(event, CollectionEndEvent):
            anchor, before = open_nodes.pop()
            sizes[anchor] = total - before
        elif isinstance(event, ScalarEvent):
            sizes[str(event.anchor)] = 1
        elif isinstance(event, AliasEvent):
            total += sizes.get(str(event.anchor), VALUES_LIMIT)
        total += isinstance(event, NodeEvent)
        if total > VALUES_LIMIT:
            fault = (
                f"more than {VALUES_LIMIT:,} values, its aliases (*) written out, or an alias of "
                "something that holds it; write the values themselves"
            )
        if fault is not None:
            raise MarkedYAMLError(problem=fault, problem_mark=event.start_mark)


def _plain(node: Any) -> Any:
    """The document without ruamel's position-carrying types."""
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    if isinstance(node, str):
        return str(node)
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, int):
        return int(node)
    if isinstance(node, float):
        return float(node)
    return node


def _line_of(document: Any, location: tuple[int | str, ...]) -> int:
    """The line (from 1) of the innermost part of `location` that stands in the document."""
    node: Any = document
    line = 1
    for part in location:
        if isinstance(node, CommentedMap) and part in node:
            line = node.lc.key(part)[0] + 1
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line = node.lc.item(part)[0] + 1
        else:
            break
        node = node[part]
    return line


def _describe(path: Path, detail: ErrorDetails, line: int) -> str:
    field = ".".join(str(part) for part in detail["loc"]) or "(file)"
    given = detail["input"]
    shown = "" if isinstance(given, dict | list) else f" (got {given!r})"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{path}:{line}: {field}: {message}{shown}"


def _header_faults(path: Path, header: list[str], row_model: type[BaseModel]) -> list[str]:
    known = list(row_model.model_fields)
    required = [name for name, field in row_model.model_fields.items() if field.is_required()]
    unknown = [name for name in header if name not in known]
    missing = [name for name in required if name not in header]
    faults = [f"{path}:1: unknown column {name!r}; known: {', '.join(known)}" for name in unknown]
    faults += [f"{path}:1: column {name!r} is missing; add it" for name in missing]
    faults += [
        f"{path}:1: column {name!r} stands there {count} times; keep one"
        for name, count in Counter(header).items()
        if count > 1
    ]
    return faults
