"""Configuration that RevOps writes by hand: every fault at once, with file, line and field."""

import contextlib
import os
import re
import time
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from lead_platform.configuration import (
    ConfigurationError,
    content_version,
    load_csv,
    load_yaml,
    parse_yaml,
)


class Rule(BaseModel):
    """One rule of the tests' rule file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    points: int = Field(ge=-100, le=100)
    kind: Literal["fit", "timing"] = "fit"


class Rules(BaseModel):
    """The tests' rule file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int
    rules: list[Rule]


class Rep(BaseModel):
    """One row of the tests' table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rep_id: str
    capacity: int
    team: str | None = None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the test writes its configuration."""
    return tmp_path / "rules.yaml"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Where the test writes its table."""
    return tmp_path / "reps.csv"


def yaml_faults(file: Path, text: str) -> list[str]:
    """The faults of a rule file, without its folder."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_yaml(file, Rules)
    assert str(error.value) == "\n".join(error.value.faults)
    assert all(fault.startswith(str(file)) for fault in error.value.faults)
    return [fault.removeprefix(f"{file.parent}/") for fault in error.value.faults]


def csv_faults(table: Path, content: str | bytes) -> list[str]:
    """The faults of a table, without its folder."""
    table.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigurationError) as error:
        load_csv(table, Rep)
    return [fault.removeprefix(f"{table.parent}/") for fault in error.value.faults]


def test_yaml_is_read_into_the_model(file: Path) -> None:
    file.write_text(
        "# comment\nversion: 3\nrules:\n  - {name: 'on', points: 5}\n  - name: b\n    points: -5\n"
        "    kind: timing\n",
        encoding="utf-8",
    )
    rules = load_yaml(file, Rules)
    assert rules == Rules(
        version=3, rules=[Rule(name="on", points=5), Rule(name="b", points=-5, kind="timing")]
    )
    assert type(rules.rules[0].name) is str
    assert type(rules.rules[0].points) is int


def test_yaml_names_every_fault_with_its_line(file: Path) -> None:
    faults = yaml_faults(
        file,
        "version: one\nrules:\n  - name: a\n    points: 5000\n  - name: b\n    kind: fitt\n"
        "  - name: c\n    points: 1\n    colour: red\n",
    )
    assert [fault.split(": ")[:2] for fault in faults] == [
        ["rules.yaml:1", "version"],
        ["rules.yaml:4", "rules.0.points"],
        ["rules.yaml:5", "rules.1.points"],
        ["rules.yaml:6", "rules.1.kind"],
        ["rules.yaml:9", "rules.2.colour"],
    ]
    assert "'one'" in faults[0]
    assert "less than or equal to 100" in faults[1]
    assert "5000" in faults[1]
    assert "Field required" in faults[2]
    assert "'fit' or 'timing'" in faults[3]
    assert "'fitt'" in faults[3]
    assert "not permitted" in faults[4]


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", "rules.yaml:1", "expected `key: value`"),
        ("- a\n- b\n", "rules.yaml:1", "expected `key: value`"),
        ("just words\n", "rules.yaml:1", "expected `key: value`"),
        ("version: 1\nrules: [a, b\n", "rules.yaml:", "not valid YAML"),
        ("version: 1\nversion: 2\nrules: []\n", "rules.yaml:2", "not valid YAML"),
        ("version: 1\n\trules: []\n", "rules.yaml:2", "not valid YAML"),
        ("version: *nowhere\nrules: []\n", "rules.yaml:1", "not valid YAML"),
    ],
    ids=["empty", "list", "words", "unclosed", "key twice", "tab", "unknown alias"],
)
def test_yaml_that_is_none(file: Path, text: str, place: str, reason: str) -> None:
    (fault,) = yaml_faults(file, text)
    assert fault.startswith(place)
    assert reason in fault


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-30", "2026-99-99", "2026-02-30 25:61:61", "9" * 6_000, "0x" + "f" * 10_000,
        "-" + "9" * 6_000, '"\\U00110000"', '"\\ud800"', "!!int abc", "!!float abc", "!!int []",
        "!!omap x", "!!omap [1]", "!!set x", "!!set [a]", "!!timestamp 99", "!!timestamp [a]",
        "!!binary x===", "!!bool 7", "!!null {}", "!!str [a]", "!!map x", "!!seq x", "!<> x", "!!",
        "[a]: b", "? {a: 1}", "{[a]: b}", "&a {*a : 1}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["{}", "[a, {}]", "{{b: {}}}", "\n  b:\n  - {}"])
def test_a_value_that_cannot_be_made_is_a_fault_of_its_file(
    file: Path, value: str, shape: str
) -> None:
    """`valid_until: 2026-02-30` in one channel stopped all, with `day is out of range for month`
    and the name of no file."""
    faults = yaml_faults(file, f"version: 1\nrules: []\n\na: {shape.format(value)}\n")
    assert all(re.match(r"rules\.yaml:[456]: ", fault) for fault in faults)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    marks=st.lists(
        st.sampled_from(["? ", "- ", ": ", "{", "[", "[a]: ", "{a: ", "[a: ", "&a ", "!!set ",
                         "!!omap ", "!x ", "|", ">", '"', "'", "\n", "\n ", "#", "<<: ", ", ", "}",
                         "]", "*a ", "a", "--- ", "%"]),
        max_size=4,
    ),
    times=st.integers(0, 60),
    tail=st.sampled_from(["a", "a: 1", "]", "}"]),
)  # fmt: skip
def test_no_nesting_takes_long(file: Path, marks: list[str], times: int, tail: str) -> None:
    """60 bytes, `? ? ? … a`, hung all that loads configuration: three times longer per mark."""
    file.write_text("".join(marks) * times + tail, encoding="utf-8")
    started = time.process_time()
    with contextlib.suppress(ConfigurationError):
        parse_yaml(file)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("mark", ["? ", "? - ", "{? ", "{[", "[? ", "!!set {? ", "- ? "])
@pytest.mark.parametrize("times", [14, 40, 20_000])
def test_keys_within_keys_are_refused_at_once(file: Path, mark: str, times: int) -> None:
    closing = {"{": "}: 1", "[": "]"}
    text = mark * times + "a" + "".join(closing.get(one, "") for one in reversed(mark)) * times
    started = time.process_time()
    (fault,) = yaml_faults(file, text)
    assert "not a list or entries" in fault or "nested deeper than 50 levels" in fault
    assert time.process_time() - started < 2


def bomb(levels: int) -> str:
    """A few lines whose aliases, written out, are ten to the power of `levels` values."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    return "\n".join(lines)


MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: 1}}\n" for n in range(1, 40)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (bomb(12), "more than 100,000 values"),
        (MERGES, "more than 100,000 values"),
        ("version: &v [*v, *v]", "an alias of something that holds it"),
        ("rules: " + "[" * 5_000, "nested deeper than 50 levels"),
        ("rules:\n" + "".join(" " * n + "a:\n" for n in range(1, 400)), "nested deeper than 50"),
        ("- " * 2_000 + "a", "nested deeper than 50 levels"),
        ("a: " + "x" * 1_048_576, "the limit is 1,048,576"),
        ("# " + "x" * 900_000 + "\nversion: 1\nrules: []\n", "rules.yaml:1: a line of 900,002"),
        ("version: 1\nrules: | # " + "y" * 400_000 + "\n  a\n", "rules.yaml:2: a line of 400,011"),
        ("version: 1\r\n# " + "z" * 400_000 + "\r\nrules: []", "the limit is 50,000"),
    ],
)
def test_small_yaml_cannot_hold_up_the_machine(file: Path, text: str, reason: str) -> None:
    """Ten lines of aliases hung `config check` for ever."""
    started = time.process_time()
    (fault,) = yaml_faults(file, text)
    assert reason in fault
    assert time.process_time() - started < 5


def test_many_lines_are_no_long_line(file: Path) -> None:
    file.write_text("# a note\r" * 20_000 + "version: 1\rrules: []\r", encoding="utf-8", newline="")
    assert load_yaml(file, Rules).rules == []


def test_yaml_may_use_aliases_within_reason(file: Path) -> None:
    file.write_text("version: 1\nrules: [&a {name: a, points: 1}, *a]\n", encoding="utf-8")
    assert [rule.name for rule in load_yaml(file, Rules).rules] == ["a", "a"]


def test_yaml_in_another_encoding(file: Path) -> None:
    file.write_bytes("version: 1\nrules:\n  - {name: Müller, points: 1}\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="not readable as YAML"):
        load_yaml(file, Rules)


def test_yaml_with_a_byte_order_mark(file: Path) -> None:
    # Spreadsheet programs and Windows editors write one.
    file.write_bytes(b"\xef\xbb\xbfversion: 1\nrules: []\n")
    assert load_yaml(file, Rules).version == 1


@pytest.mark.parametrize("name", ["missing.yaml", "missing.csv"])
def test_a_missing_file_says_so(tmp_path: Path, name: str) -> None:
    load = load_yaml if name.endswith("yaml") else load_csv
    with pytest.raises(ConfigurationError, match=rf"{name}: file not found") as error:
        load(tmp_path / name, Rep)
    assert len(error.value.faults) == 1


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    for load in (lambda: load_yaml(tmp_path, Rules), lambda: load_csv(tmp_path, Rep)):
        with pytest.raises(ConfigurationError, match=str(tmp_path)):
            load()


def test_csv_is_read_row_by_row(table: Path) -> None:
    # BOM, carriage returns, quotes, a comma and a line break inside a cell, blanks around values.
    table.write_bytes(
        b'\xef\xbb\xbfrep_id,capacity,team\r\nr1, 5 ,"East, North"\r\n"r\n2",6,\r\nr3,7,   \r\n'
    )
    assert load_csv(table, Rep) == [
        Rep(rep_id="r1", capacity=5, team="East, North"),
        Rep(rep_id="r\n2", capacity=6),
        Rep(rep_id="r3", capacity=7),
    ]


def test_csv_without_rows_is_an_empty_table(table: Path) -> None:
    table.write_text("rep_id,capacity\n", encoding="utf-8")
    assert load_csv(table, Rep) == []


def test_csv_names_every_fault_with_its_line(table: Path) -> None:
    faults = csv_faults(table, "rep_id,capacity\nr1,many\n\nr2,3,extra,more\n,4\nr4\n")
    assert [fault.split(": ")[0] for fault in faults] == [
        "reps.csv:2",
        "reps.csv:4",
        "reps.csv:5",
        "reps.csv:6",
    ]
    assert "capacity" in faults[0]
    assert "'many'" in faults[0]
    assert "more cells than the 2 columns" in faults[1]
    assert "rep_id: Field required" in faults[2]
    assert "capacity: Field required" in faults[3]


def test_csv_header_faults(table: Path) -> None:
    faults = csv_faults(table, "rep_id,capcity\nr1,5\n")
    assert faults[0] == ("reps.csv:1: unknown column 'capcity'; known: rep_id, capacity, team")
    assert faults[1] == "reps.csv:1: column 'capacity' is missing; add it"


def test_csv_with_a_column_twice(table: Path) -> None:
    # The later column silently won.
    faults = csv_faults(table, "rep_id,capacity,capacity\nr1,5,6\n")
    assert faults[0].startswith("reps.csv:1: column 'capacity' stands there 2 times")


def test_an_empty_csv(table: Path) -> None:
    assert csv_faults(table, "") == [
        "reps.csv:1: column 'rep_id' is missing; add it",
        "reps.csv:1: column 'capacity' is missing; add it",
    ]


@pytest.mark.parametrize(
    "content",
    [
        "rep_id,capacity\nMüller,5\n".encode("latin-1"),
        "rep_id,capacity\nr1,5\n".encode("utf-16"),
        b'rep_id,capacity\n"r1,5\n',
    ],
    ids=["latin-1", "utf-16", "open quote"],
)
def test_csv_that_is_none(table: Path, content: bytes) -> None:
    (fault,) = csv_faults(table, content)
    assert fault.startswith("reps.csv")
    assert "not readable as UTF-8 CSV" in fault


def test_the_version_follows_the_contents(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("a: 1\n", encoding="utf-8")
    second.write_text("b: 1\n", encoding="utf-8")
    version = content_version(first, second)
    assert len(version) == 12
    assert int(version, 16) >= 0
    assert content_version(first, second) == version
    assert content_version(second, first) != version
    second.write_text("b: 2\n", encoding="utf-8")
    assert content_version(first, second) != version
    # Contents do not run into each other.
    first.write_text("a: 1\nb", encoding="utf-8")
    second.write_text(": 1\n", encoding="utf-8")
    assert content_version(first, second) != version


def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    for read in (
        lambda: load_yaml(pipe, Rule),
        lambda: load_csv(pipe, Rule),
        lambda: content_version(pipe),
    ):
        with pytest.raises(ConfigurationError, match="no regular file"):
            read()
