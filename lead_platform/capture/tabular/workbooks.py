"""Which sheets of a workbook hold the records, and what their cells share.

Owns the parts of an `.xlsx` package and the choice between sheets. Cells belong to `sheets`.
"""

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from lead_platform.capture.tabular.headers import HEADER_ROWS, TableFault, best_score
from lead_platform.capture.tabular.merged_cells import MergedCells, merged_cells
from lead_platform.capture.tabular.number_formats import BUILT_IN
from lead_platform.capture.tabular.packages import Package, open_package
from lead_platform.capture.tabular.readings import ReadingNotes
from lead_platform.capture.tabular.rows import AnyRow
from lead_platform.capture.tabular.rules import TableRule
from lead_platform.capture.tabular.sheets import SharedTexts, SheetReader, Workbook, sheet_rows
from lead_platform.capture.tabular.wanted import Wanted, name_of

MOST_SHEETS = 200
"""Sheets that are looked at; each is opened to see what it names."""

_NAMES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    part: str
    is_hidden: bool


@dataclass(slots=True)
class _Contents:
    """Reads workbook.xml: sheets with their state, and the epoch of dates."""

    since_1904: bool = False
    sheets: list[tuple[str, str, str]] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "workbookPr":
            self.since_1904 = attributes.get("date1904") in ("1", "true")
        elif name == "sheet":
            relation = next((v for k, v in attributes.items() if k.endswith(":id")), "")
            state = attributes.get("state", "visible")
            self.sheets.append((attributes.get("name", ""), relation, state))

    def end(self, name: str) -> None:
        pass

    def text(self, data: str) -> None:
        pass


@dataclass(slots=True)
class _Relations:
    """Reads a .rels part: kind and target by id."""

    targets: dict[str, tuple[str, str]] = field(default_factory=dict)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.targets[attributes.get("Id", "")] = (kind, attributes.get("Target", ""))

    def end(self, name: str) -> None:
        pass

    def text(self, data: str) -> None:
        pass


@dataclass(slots=True)
class _Styles:
    """Reads styles.xml as far as it says how numbers are shown: the code by style number."""

    formats: list[str] = field(default_factory=list)
    _codes: dict[str, str] = field(default_factory=lambda: {str(n): c for n, c in BUILT_IN.items()})
    _is_within_cells: bool = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "General")
        elif name == "cellXfs":
            self._is_within_cells = True
        elif name == "xf" and self._is_within_cells:
            self.formats.append(self._codes.get(attributes.get("numFmtId", "0"), "General"))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._is_within_cells = False

    def text(self, data: str) -> None:
        pass


@contextmanager
def open_sheets(
    path: Path, rule: TableRule, wanted: Wanted, notes: ReadingNotes
) -> Iterator[Iterator[tuple[str, Iterator[AnyRow], MergedCells]]]:
    """The sheets whose rows are the records, each with its name and what is merged in it.

    Raises TableFault, OSError.
    """
    with open_package(path) as package:
        workbook, sheets = _read_workbook(package)
        chosen = _chosen(package, workbook, sheets, rule, wanted)
        for sheet in sheets:
            if sheet not in chosen:
                kind = "Hidden sheet" if sheet.is_hidden else "Sheet"
                notes.remark(f"{kind} {sheet.name!r} is not read.")
        yield (
            (sheet.name, _rows(package, workbook, sheet, notes), merged_cells(package, sheet.part))
            for sheet in chosen
        )


def _rows(
    package: Package, workbook: Workbook, sheet: _Sheet, notes: ReadingNotes
) -> Iterator[AnyRow]:
    reader = SheetReader(workbook)
    yield from sheet_rows(package, sheet.part, reader)
    if reader.hidden_rows:
        notes.remark(f"Sheet {sheet.name!r} has {reader.hidden_rows:,} hidden rows; they are read.")
    if reader.uncalculated:
        notes.remark(
            f"Sheet {sheet.name!r} has {reader.uncalculated:,} formulas that were never "
            "calculated, which are blank; open it in a spreadsheet and save it."
        )


def _read_workbook(package: Package) -> tuple[Workbook, list[_Sheet]]:
    root = _relations(package, "")
    main = next((t for kind, t in root.targets.values() if kind == "officeDocument"), "")
    main = posixpath.normpath(main.lstrip("/")) if main else "xl/workbook.xml"
    if not main.endswith(".xml") or not package.has(main):
        raise TableFault(
            "no table: it is a packed file (ZIP) that holds no .xlsx workbook; unpack it, or save "
            "the workbook as .xlsx or CSV"
        )
    contents = _Contents()
    package.read(main, contents)
    folder = posixpath.dirname(main)
    relations = _relations(package, main)
    parts = {key: _resolved(folder, target) for key, (_, target) in relations.targets.items()}
    kinds = {key: kind for key, (kind, _) in relations.targets.items()}
    sheets = [
        _Sheet(name, parts[key], state != "visible")
        for name, key, state in contents.sheets[:MOST_SHEETS]
        if kinds.get(key) == "worksheet"
    ]
    texts, styles = SharedTexts(), _Styles()
    for key, kind in kinds.items():
        if kind == "styles":
            package.read(parts[key], styles)
        elif kind == "sharedStrings":
            package.read(parts[key], texts)
    return Workbook(texts.texts, styles.formats, contents.since_1904), sheets


def _relations(package: Package, part: str) -> _Relations:
    folder, name = posixpath.split(part)
    relations = _Relations()
    package.read(posixpath.join(folder, "_rels", f"{name}.rels"), relations)
    return relations


def _resolved(folder: str, target: str) -> str:
    """A target as a path within the package: absolute ones begin with a slash."""
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def _chosen(
    package: Package, workbook: Workbook, sheets: list[_Sheet], rule: TableRule, wanted: Wanted
) -> list[_Sheet]:
    if rule.sheet:
        return _named(sheets, rule.sheet)
    visible = [sheet for sheet in sheets if not sheet.is_hidden]
    if len(visible) < 2:
        return visible or _none_visible(sheets)
    tops = {sheet: _top(package, workbook, sheet) for sheet in visible}
    filled = [sheet for sheet, rows in tops.items() if any(_is_filled(row) for row in rows)]
    if len(filled) < 2:
        return filled or visible[:1]
    if not wanted.names:
        # Nobody has said what is wanted: the widest table, the first of equals.
        return [max(filled, key=lambda sheet: max(len(row.cells) for row in tops[sheet]))]
    scores = {sheet: best_score(tops[sheet], wanted) for sheet in filled}
    best = max(scores.values())
    rivals = [s for s, (has, count) in scores.items() if has == best[0] and 2 * count >= best[1]]
    if len(rivals) > 1 and best[1]:
        raise TableFault(
            f"ambiguous sheet: {_listed(rivals)} each hold columns that the channel names; write "
            "the right one, or a list of them, as `sheet` under `table` of the channel"
        )
    return [max(scores, key=lambda sheet: scores[sheet])]


def _named(sheets: list[_Sheet], names: tuple[str, ...]) -> list[_Sheet]:
    by_name = {sheet.name.strip().lower(): sheet for sheet in sheets}
    missing = [name for name in names if name.strip().lower() not in by_name]
    if missing:
        raise TableFault(
            f"sheet missing: {', '.join(map(repr, missing))}; the workbook has {_listed(sheets)}; "
            "correct `sheet` under `table` of the channel"
        )
    return [by_name[name.strip().lower()] for name in names]


def _none_visible(sheets: list[_Sheet]) -> list[_Sheet]:
    hidden = f"; hidden ones: {_listed(sheets)}" if sheets else ""
    raise TableFault(
        f"no sheet: the workbook has none that is visible{hidden}; write one as `sheet` under "
        "`table` of the channel"
    )


def _top(package: Package, workbook: Workbook, sheet: _Sheet) -> list[AnyRow]:
    """The first rows of a sheet."""
    return list(islice(sheet_rows(package, sheet.part, SheetReader(workbook)), HEADER_ROWS))


def _is_filled(row: AnyRow) -> bool:
    return any(map(name_of, row.cells))


def _listed(sheets: list[_Sheet]) -> str:
    return ", ".join(repr(sheet.name) for sheet in sheets[:_NAMES_SHOWN])
