"""Files of a world: what each channel would have sent, the firmographics on sale, and the truth.

Payloads are shaped by ``payloads/<channel>.sql``. Every file is written beside and renamed in, so
that an inbox never holds half of one.
"""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from lead_platform.demo.settings import open_stream
from lead_platform.demo.submissions import CHANNELS
from lead_platform.demo.text import Ints
from lead_platform.demo.world import World, name_people

CSV_CHANNELS = frozenset(("hubspot_contacts", "call_log", "outbound_list", "crm_outcomes"))
_PAYLOADS = Path(__file__).parent / "payloads"
_PAGE = 10_000
# Rows shaped at a time: a million-row world is written within a few hundred MB.
_CHUNK = 50_000


@dataclasses.dataclass(frozen=True)
class WrittenFile:
    """One file in the inbox and how many records it holds."""

    channel: str
    path: Path
    records: int


def write_world(world: World, folder: Path, slices: int = 1) -> list[WrittenFile]:
    """Write ``inbox/<channel>/…``, ``reference/companies.csv`` and ``truth/*.parquet``.

    With ``slices`` above 1 each channel comes as that many files in the order of arrival, names
    ending in ``-01``, ``-02`` …; a record's repeat is in its own slice or a later one.
    An increment's truth goes to ``truth/<label>/`` and it brings no reference.
    """
    if slices < 1:
        raise ValueError(f"slices {slices}: at least 1")
    written: list[WrittenFile] = []
    for channel, frame in _split_channels(world):
        rows = _order_deliveries(world, channel, frame)
        for number, part in enumerate(np.array_split(rows, slices), start=1):
            if len(part):
                name = world.label if slices == 1 else f"{world.label}-{number:02d}"
                written += _write_channel(folder, channel, name, frame, part)
    if len(world.firmographics):
        _write_csv(
            folder, folder / "reference" / "companies.csv", "from records", world.firmographics
        )
    _write_truth(world, folder)
    return written


def _split_channels(world: World) -> Iterator[tuple[str, pd.DataFrame]]:
    owner = pd.Series(world.settings.rep_emails)
    for channel in CHANNELS:
        frame = world.submissions[world.submissions["channel"] == channel]
        if channel == "call_log":
            agent = owner.iloc[frame["record_number"].to_numpy() % len(owner)].to_numpy()
            frame = frame.assign(agent=agent)
        yield channel, frame
    yield "web_events", world.events
    yield "crm_outcomes", world.outcomes


def _order_deliveries(world: World, channel: str, frame: pd.DataFrame) -> Ints:
    """Rows in the order they arrive: bad records anywhere, a repeat some time after its first."""
    rng = open_stream(world.settings.seed, world.label, "arrival", channel)
    size = len(frame)
    is_spoiled = frame["defect"].notna().to_numpy()
    first = np.where(is_spoiled, rng.random(size) * size, np.arange(size, dtype=np.float64))
    again = np.flatnonzero(frame["deliveries"].to_numpy() > 1)
    second = first[again] + rng.random(len(again)) * (size - first[again])
    rows = np.concatenate([np.arange(size), again])
    return rows[np.lexsort((np.arange(len(rows)) >= size, np.concatenate([first, second])))]


def _write_channel(
    folder: Path, channel: str, name: str, frame: pd.DataFrame, rows: Ints
) -> list[WrittenFile]:
    query = (_PAYLOADS / f"{channel}.sql").read_text(encoding="utf-8")
    inbox = folder / "inbox" / channel
    if channel in CSV_CHANNELS:
        path = inbox / f"{name}.csv"
        _write_csv(folder, path, query, frame.iloc[rows])
        return [WrittenFile(channel, path, len(rows))]
    if channel != "linkedin_lead_gen":
        path = inbox / f"{name}.jsonl"
        _write_json(folder, path, query, frame, rows, ("", "\n", "\n"))
        return [WrittenFile(channel, path, len(rows))]
    written = []
    for number, start in enumerate(range(0, len(rows), _PAGE), start=1):
        page = rows[start : start + _PAGE]
        path = inbox / f"{name}-page-{number:04d}.json"
        paging = f'{{"start": {start}, "count": {len(page)}, "total": {len(rows)}}}'
        marks = ('{"elements": [\n', ",\n", f'\n], "paging": {paging}}}\n')
        _write_json(folder, path, query, frame, page, marks)
        written.append(WrittenFile(channel, path, len(page)))
    return written


def _open_engine(records: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    # One thread and insertion order: the same rows give the same bytes.
    engine = duckdb.connect(config={"threads": 1, "preserve_insertion_order": True})
    # As Arrow: DuckDB would turn a frame's text into Python strings first, twice the time.
    engine.register("records", pa.Table.from_pandas(records, preserve_index=False))
    return engine


def _write_csv(folder: Path, path: Path, query: str, records: pd.DataFrame) -> None:
    with _open_engine(records) as engine, _Arrival(folder, path) as partial:
        engine.sql(query).write_csv(str(partial), header=True)


def _shape_records(query: str, records: pd.DataFrame) -> list[str]:
    with _open_engine(records) as engine:
        return engine.execute(query).to_arrow_table().column(0).to_pylist()


def _write_json(
    folder: Path,
    path: Path,
    query: str,
    frame: pd.DataFrame,
    rows: Ints,
    marks: tuple[str, str, str],
) -> None:
    """Records as JSON texts between an opening, separators and a closing."""
    opening, separator, closing = marks
    with (
        _Arrival(folder, path) as partial,
        partial.open("w", encoding="utf-8", newline="\n") as file,
    ):
        file.write(opening)
        for start in range(0, len(rows), _CHUNK):
            texts = _shape_records(query, frame.iloc[rows[start : start + _CHUNK]])
            file.write((separator if start else "") + separator.join(texts))
        file.write(closing)


class _Arrival:
    """A file that appears at ``path`` only when complete."""

    def __init__(self, folder: Path, path: Path) -> None:
        self._path = path
        self._partial = folder / ".writing" / f"{path.parent.name}-{path.name}"

    def __enter__(self) -> Path:
        self._partial.parent.mkdir(parents=True, exist_ok=True)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return self._partial

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            os.replace(self._partial, self._path)
        else:
            self._partial.unlink(missing_ok=True)


def tell_truth(world: World) -> dict[str, pd.DataFrame]:
    """The truth tables by name.

    people: one per person. submissions: one per record (channel, record_id) with its person_id, or
    none and the ``defect`` it must be rejected for. events, outcomes: likewise per event and
    outcome. duplicates: one per returning submission. drivers: one per person. coefficients: one
    per driver of winning. deals: one per opportunity.
    """
    people = world.people.drop(
        columns=[name for name in world.people.columns if name.endswith("_index")]
    )
    company = world.people["company_index"].to_numpy()
    employer = world.companies[["company_id", "domain"]].reindex(company).reset_index(drop=True)
    submission_columns = [
        "channel",
        "record_id",
        "submitted_at",
        "clean_email",
        "email_kind",
        "clean_phone",
        "mess",
        "defect",
        "deliveries",
    ]
    events, outcomes = world.events, world.outcomes
    return {
        "people": people.join(employer),
        "submissions": world.submissions[submission_columns].assign(
            person_id=name_people(world, world.submissions["person_index"])
        ),
        "events": events[["event_id", "is_bot", "is_hot", "defect", "deliveries"]].assign(
            person_id=name_people(world, events["person_index"])
        ),
        "outcomes": outcomes[["outcome_id", "opportunity_id", "defect", "deliveries"]].assign(
            person_id=name_people(world, outcomes["person_index"])
        ),
        "duplicates": world.duplicates,
        "drivers": world.drivers,
        "coefficients": world.coefficients,
        "deals": world.deals.drop(columns=["person_index"]),
    }


def _write_truth(world: World, folder: Path) -> None:
    is_increment = world.label.startswith("increment-")
    home = folder / "truth" / world.label if is_increment else folder / "truth"
    for name, table in tell_truth(world).items():
        with _Arrival(folder, home / f"{name}.parquet") as partial:
            table.to_parquet(partial, index=False)
