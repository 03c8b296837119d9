"""A column that states in which zone the dates beside it are.

Owns whether it speaks of the dates or of where the person is. What a zone is called is told by
`capture.zones` and its list.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lead_platform.capture.guessing.choices import Choice
from lead_platform.capture.guessing.notation import flow, reference
from lead_platform.capture.guessing.shapes import MOST_READ, Column
from lead_platform.capture.values import show
from lead_platform.capture.zones import split_zone, zones_of

Chosen = dict[str, tuple[Choice, ...]]
_TIME_OF_DAY = re.compile(r"\d[:.h]\d\d|\d\s*[ap]\.?m?\b", re.IGNORECASE)
_OWN_ZONE = re.compile(r"\d(?:z|[+-]\d\d:?\d\d)$", re.IGNORECASE)


def with_zone_beside(
    chosen: Chosen, columns: Sequence[Column], named: Sequence[Column]
) -> tuple[Chosen, tuple[str, ...]]:
    """The dates of submissions in the zone that a column next to them states, and what a person has
    to say of it. `columns`: all of the file in their order; `named`: those called a time zone.

    Next to the date or its time of day it is theirs, elsewhere it may be where the person lives.
    """
    dates = chosen.get("submitted_at", ())
    zones = [column for column in named if column.values]
    if not dates or not zones or not _needs_zone(dates[0]):
        return chosen, ()
    (date, *others), zone = dates, zones[0]
    if zone.share(zones_of) < MOST_READ:
        return chosen, (_unknown(date, zone),)
    if not _stand_together(columns, zone, date):
        return chosen, (_elsewhere(date, zone),)
    reason = f"{date.reason}; in the zone that {zone.name} states"
    zoned = replace(date, zoned_by=zone, reason=reason)
    kept = dict(chosen)
    if len(set(zone.values)) == 1:
        # The export's own zone: it says nothing of where people are.
        kept = {n: found for n, found in chosen.items() if zone not in (c.column for c in found)}
    questions = _beside(date, zone)
    return {**kept, "submitted_at": (zoned, *others)}, tuple(questions)


def zone_rule(zone: Column) -> str:
    """The rule that finds the zone, with the likeliest meaning of names that have several."""
    parts = [reference((zone,), bare=False)]
    if meanings := _meanings(zone):
        parts.append(f"values: {flow(meanings)}")
    return "{" + ", ".join(parts) + "}"


def _needs_zone(date: Choice) -> bool:
    """Whether its values have a time of day, and nothing says in which zone."""
    if not date.column.values or date.zone is not None:
        return False
    values = date.column.tried if date.beside is None else date.beside.tried
    is_zoned = any(_OWN_ZONE.search(v) or split_zone(v)[1] for v in values)
    return not is_zoned and any(map(_TIME_OF_DAY.search, values))


def _stand_together(columns: Sequence[Column], zone: Column, date: Choice) -> bool:
    places = {column.path: place for place, column in enumerate(columns)}
    own = [date.column, *((date.beside,) if date.beside is not None else ())]
    return any(abs(places[zone.path] - places[column.path]) == 1 for column in own)


def _meanings(zone: Column) -> Mapping[str, str]:
    found = {name: zones_of(name) for name in dict.fromkeys(zone.tried)}
    return {name: str(zones[0]) for name, zones in found.items() if len(zones) > 1}


def _beside(date: Choice, zone: Column) -> Iterator[str]:
    yield (
        f"{zone.name}: are the times of {date.column.name} local to it? They are read so. Where it "
        "is the zone that the person lives in, take `zone` out of `submitted_at`"
    )
    for name, meaning in _meanings(zone).items():
        yield (
            f"{zone.name}: is {show(name)} the time of {meaning}, with its summer time? It is read "
            "so; else write another in the `values` of `zone`"
        )
    unknown = [name for name in dict.fromkeys(zone.tried) if not zones_of(name)]
    if unknown:
        yield (
            f"{zone.name}: which zone is {show(unknown[0])}? Records with it are rejected until "
            "it stands in the `values` of `zone`, such as Europe/Berlin"
        )


def _elsewhere(date: Choice, zone: Column) -> str:
    return (
        f"{date.column.name}: are its times local to {zone.name}, or is that where the person "
        f"lives? They are read as UTC. Where they are, add `zone: {zone_rule(zone)}` to "
        "`submitted_at`"
    )


def _unknown(date: Choice, zone: Column) -> str:
    return (
        f"{zone.name}: does it state the zone of {date.column.name}? Most of its values, such as "
        f"{show(zone.values[0])}, are no zones that are known: the times are read as UTC. Where it "
        f"does, add `zone: {{column: {zone.name!r}, values: {{…: Europe/Berlin}}}}` to "
        "`submitted_at`"
    )
