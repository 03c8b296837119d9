"""Records as nobody should send them: those of the demo world, and of every other shipped channel
what its paths name, with values that broke something somewhere."""

import copy
import functools
import json
import math
import re
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from lead_platform.capture.channels import Channel, load_channels
from lead_platform.capture.readers import RawRecord, read_records
from lead_platform.demo.files import write_world
from lead_platform.demo.settings import WorldSettings
from lead_platform.demo.world import generate_world
from tests.capture.conftest import PROJECT

CHANNELS = load_channels(PROJECT / "config")

NASTY: tuple[Any, ...] = (
    None, True, False, "", " ", "\t", 0, -1, -5, 1e308, -1e308, 1e-308, 2**31, -(2**31), 2**63,
    10**30, 10**400, 0.1, math.nan, math.inf, -math.inf, "NaN", "Infinity", "-inf", "1e400",
    "1e9", "-5", "1,234.5", "٣", "９９", "½",
    "eur", "Euro", "€", "EUR\n", "GRANTED", "maybe", "STOP", "Yes ", "0001-01-01", "9999-12-31",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30", "2026-13-01", "soon",
    "1970-01-01", 0.0, 99_999_999_999_999, 253_402_300_799, -62_135_596_800, "2126-01-01", "null",
    "\ud83d", "\ude00\ud83d", "a\x00b", "\x1f", "\x1b[31mred", "\u202eevil", "\ufeff", "\u200b",
    "é" * 300, "x" * 5_000, "😀" * 100, "ﷺ" * 50, "İ", "ß", "ǅ", "a@b", "a@b.c", "A@B.CO",
    '"a b"@c.de', "ü@ü.de", "a@[1.2.3.4]", "@", "a@b@c.de", "<a@b.de>", "a@b.de;c@d.de",
    "+49", "+" + "1" * 40, "00000000", "+4930123456789012345", "+1 555 0100", "+999123456", "110",
    "http://[::1", "https://linkedin.com/in/", "javascript:alert(1)", "' or 1=1 --", "=1+1",
    "../../etc/passwd", "{{7*7}}", "<script>", "&amp;" * 20, "%s%n", "((((", "[" * 50, "\\" * 50,
    [], {}, [[]], [None], [{"a": 1}], {"a": {"b": [1, {"c": None}]}}, ["a", 1, None, True],
    {"": ""}, {"_derived": 1}, [1] * 100, [[[[[[[["deep"]]]]]]]],
)  # fmt: skip
_NAME = re.compile(r'\w+|"[^"]+"')


@functools.cache
def ordinary_records() -> dict[str, list[dict[str, Any]]]:
    """Records by channel: of the demo world where it has some, else one made of the paths."""
    with tempfile.TemporaryDirectory() as folder:
        world = generate_world(WorldSettings(seed=5, submissions=80, events_per_person=1.0))
        records: dict[str, list[dict[str, Any]]] = {}
        for written in write_world(world, Path(folder)):
            rules = CHANNELS[written.channel].rules
            read = [r for r in read_records(written.path, rules) if isinstance(r, RawRecord)]
            records.setdefault(written.channel, []).extend(r.content for r in read[:40])
    for name, channel in CHANNELS.items():
        records.setdefault(name, [_named_record(channel)])
    return records


def _named_record(channel: Channel) -> dict[str, Any]:
    """A record that has something at every path of the channel, lists with one element."""
    record: dict[str, Any] = {}
    rules = channel.rules
    for rule in rules.rules():
        record |= dict.fromkeys(rule.column, "1")
        for path in rule.paths():
            _put(record, path.split("||")[0].strip())
    for emit in rules.emits:
        if emit.when and "==" in emit.when:
            path, _, value = emit.when.partition("==")
            _put(record, path.strip(), value.strip(" '`"))
    return record


def _put(record: dict[str, Any], path: str, value: Any = "1") -> None:
    names = [name.strip('"') for name in _NAME.findall(path.split("[?")[0])]
    target = record
    for name in names[:-1]:
        inner = target.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        target = inner
    if names:
        target.setdefault(names[-1], value)


def nasty_records(channel: str, random: Random, count: int) -> list[dict[str, Any]]:
    """`count` records of the channel, each with one to four values replaced, removed or nested."""
    bases = ordinary_records()[channel]
    records = []
    for number in range(count):
        record = copy.deepcopy(random.choice(bases))
        for _ in range(random.randint(1, 4)):
            _spoil(record, random)
        records.append(_named(record, channel, f"nasty-{random.getrandbits(40)}-{number}"))
    return records


def _named(record: dict[str, Any], channel: str, record_id: str) -> dict[str, Any]:
    """With an id of its own, most of the time, so that it is not merely a conflict."""
    rule = CHANNELS[channel].rules.record_id
    name = (*rule.column, *rule.path)[0] if len((*rule.column, *rule.path)) == 1 else ""
    if re.fullmatch(r"\w+", name) and isinstance(record.get(name), str):
        record[name] = record_id
    return record


def _spoil(record: Any, random: Random) -> None:
    """Goes down a random way and puts something nasty at its end."""
    while True:
        keys = list(record) if isinstance(record, dict) else list(range(len(record)))
        if not keys:
            return
        key = random.choice(keys)
        inner = record[key]
        if isinstance(inner, dict | list) and inner and random.random() < 0.85:
            record = inner
            continue
        if isinstance(record, dict) and random.random() < 0.1:
            del record[key]
        elif isinstance(record, list) and random.random() < 0.3:
            record.append(copy.deepcopy(inner))
        else:
            record[key] = copy.deepcopy(random.choice(NASTY))
        return


def as_lines(records: list[dict[str, Any]]) -> str:
    """The records as JSON lines, half surrogates and all."""
    return "".join(json.dumps(record) + "\n" for record in records)
