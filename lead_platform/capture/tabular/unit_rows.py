"""Rows below a header that say what the columns hold: units, types, formats, technical names.

Owns the words such a row is made of. Precision first: one cell that is none of them makes a record.
"""

import re
from collections.abc import Sequence
from typing import Any

from lead_platform.capture.tabular.wanted import name_of

_LEAST_COLUMNS = 3
_TYPE = (
    r"(?:short |long |single[- ]line |multi[- ]line |free )?text|texto?|texte|testo|tekst|string|"
    r"(?:n?var)?char(?:acter)?|zeichen(?:kette)?|date(?: ?time)?|datetime|timestamp|time|datum|"
    r"uhrzeit|fecha|data|heure|number|numeric|num[eé]rico|num[eé]rique|numero|n[uú]mero|nombre|zahl|"
    r"ganzzahl|int(?:eger)?|bigint|float|double|decimal|dezimalzahl|real|bool(?:ean)?|"
    r"ja/nein|yes/no|oui/non|e-?mail|phone|url|uuid|picklist|dropdown|drop-down|auswahl(?:liste)?|"
    r"multi-?select|checkbox|currency|w[aä]hrung|devise|percent(?:age)?|prozent|lookup|enum|json|"
    r"(?:open-ended )?response"
)
_DUTY = r"required|mandatory|optional|pflicht(?:feld)?|obligatoire|facultatif|obligatorio|opcional"
_FORMAT = (
    # Each sign once: of repeated alternatives a long cell of `m` would take years to try.
    r"(?=.*[-/.: ])(?=.*(?:yy|jj|aa|hh|mm))[ymdjtahsn\-/.: ]{4,25}"
    r"|iso ?(?:8601|3166.{0,10}|4217)|e\.?164|utc|gmt"
)
_UNIT = (
    r"(?:(?:in|en|w)\s+)?(?:k|m|t|mn|bn|tsd\.?|mio\.?|mrd\.?|thousands?|millions?)?\s*"
    r"(?:eur|usd|gbp|chf|pln|sek|nok|dkk|czk|huf|jpy|inr|brl|cad|aud|€|\$|£|¥|euros?|dollars?|%|"
    r"hours?|hrs?|h|std\.?|stunden|min(?:utes?|uten)?|days?|tage|months?|monate|years?|jahre|"
    r"pcs|stk\.?|st[uü]ck|units?|fte|kg|km|m2|m²|qm)"
    r"|(?:in|en)\s+(?:k|m|t|tsd\.?|mio\.?|mrd\.?|thousands?|millions?|tausend|millionen|milliers)"
    r"|k|tsd\.?|mio\.?|mrd\.?|'000s?"
)
_SIZE = r"(?:\s*\(\s*(?:max\.?\s*)?\d{1,5}(?:\s*,\s*\d{1,2})?\s*\))?"
# Around a unit stand brackets: "(in k)", "[EUR]".
_TYPE_CELL = re.compile(
    rf"[(\[<{{]?\s*(?:(?:{_TYPE}){_SIZE}|{_DUTY}|{_FORMAT})\s*[)\]>}}]?\*?", re.IGNORECASE
)
_UNIT_CELL = re.compile(rf"[(\[]?\s*(?:{_UNIT})\s*[)\]]?", re.IGNORECASE)
# What Qualtrics writes below its questions.
_IMPORT_ID = re.compile(r'\{"ImportId":.{1,200}\}')


def is_unit_or_type(text: str) -> bool:
    """Whether a cell is a unit, a type or a format."""
    return bool(_UNIT_CELL.fullmatch(text) or _TYPE_CELL.fullmatch(text))


def is_unit_row(cells: Sequence[Any], width: int) -> bool:
    """Whether every filled cell of a row of a table `width` wide is a unit, a type, a format or a
    technical name, and more than one is; one alone where it is a unit among many columns."""
    filled = [text for cell in cells if (text := name_of(cell))]
    if not filled or not all(isinstance(cell, str) for cell in cells):
        return False
    if all(map(_IMPORT_ID.fullmatch, filled)):
        return True
    if not all(map(is_unit_or_type, filled)):
        return False
    units = sum(1 for text in filled if _UNIT_CELL.fullmatch(text))
    return len(filled) > 1 or (units == 1 and width >= _LEAST_COLUMNS)
