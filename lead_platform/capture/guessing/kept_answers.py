"""The answers of a proposed channel: columns that fill no field, each under its own name."""

import re

from lead_platform.capture.guessing.choices import KEPT, Assignment
from lead_platform.capture.guessing.notation import path_of, quoted, where, where_both
from lead_platform.capture.guessing.shapes import Column
from lead_platform.capture.paths import LONGEST_PATH

_NO_WORD = re.compile(r"\W+", re.ASCII)
_LONGEST_KEY = 40
_LONGEST_NAME = 120


def kept_answer_lines(found: Assignment) -> list[str]:
    """What fills no field, as answers; what is sensitive or was in doubt stays in the payload."""
    pairs: list[str] = []
    left: list[str] = []
    keys: set[str] = set()
    seconds = {second.path: others for others, second in found.second}
    kept = [(second, None) for _, second in found.second]
    for column, near in (*kept, *found.rest):
        others = seconds.get(column.path)
        if column.path[0] == "_answers" and others is None:
            continue
        key = _key(column, keys)
        path = where(column) if others is None else where_both(others, column)
        pair = f"{key}: {path}"
        fits = sum(map(len, pairs)) + 2 * len(pairs) + len(pair) < LONGEST_PATH - 10
        if (column.values or others) and near in KEPT and fits:
            keys.add(key)
            pairs.append(pair)
        else:
            left.append(" ".join(column.name.split()) + (f" ({near})" if near else ""))
    told = [f"# Kept in the payload only: {name}" for name in left]
    if not pairs:
        return told
    return [f"answers: {quoted('{' + ', '.join(pairs) + '}')}", *told]


def _key(column: Column, taken: set[str]) -> str:
    if column.path[0] == "_answers":
        return path_of(column.path[1:])
    if not column.name.isascii():
        # Of `ご予算は？` nothing would be left, of `Größe` half: it keeps its own text.
        key = " ".join(column.name.split())[:_LONGEST_NAME]
        while path_of((key,)) in taken:
            key += "_"
        return path_of((key,))
    key = _NO_WORD.sub("_", column.name.lower()).strip("_")[:_LONGEST_KEY] or "answer"
    if key[0].isdigit():
        key = f"q_{key}"
    while key in taken:
        key += "_"
    return key
