"""Ids that somebody else gave: read as texts, and refused where they lost digits on their way.

An id of which the last digits are gone looks like a stranger's. Owns that judgement for all fields
that hold ids; the forms of one system's ids belong to `identifiers`.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lead_platform.capture.channels import FileFormat
from lead_platform.capture.identifiers import IdForm, id_form
from lead_platform.capture.values import ValueFault, read_list, read_text, show
from lead_platform.vocabularies.text import fold

IDENTIFIER_FIELDS = frozenset(
    ["source_person_id", "click_id", "form_id", "ad_id", "opportunity_id", "message_id"]
)
"""Fields of items that hold an id somebody else gave."""

# 8.80100200300404E+16: of an id of 17 digits the last two are gone, and a stranger's look the same.
_AS_POWER = re.compile(r"(?:\A|[|:])\d(?:[.,]\d+)?E\+\d{2,3}(?=\||\Z)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d+E\+\d{2})", re.IGNORECASE)
_LONG = re.compile(r"(?:\A|[|:])(\d{17,40})(?:\.0+)?(?=\||\Z)", re.ASCII)
_EXACT_FIGURES = 15
_PRINTED_FIGURES = 17
"""Digits that Excel keeps of a number, and that programs print of one they keep as Excel does."""


class SourceIds:
    """The ids of one channel: its `id_form` as stated, its source, and in what it delivers."""

    def __init__(
        self,
        stated: IdForm | None,
        source_system: str | None,
        file_format: FileFormat,
        placeholders: Mapping[str, frozenset[str]],
    ) -> None:
        """`placeholders`: as IntakeLists has them; what stands for anybody is nobody's id."""
        self._of_nobody = placeholders["any"] | placeholders["person_id"]
        self._form = id_form(stated, source_system)
        self._plain = id_form(stated, None)
        # What JSON writes as a text was no number of a spreadsheet; who says so knows better.
        self._end_in_zeros = stated == "as_given" or file_format in ("json", "jsonl")

    def formed(self, source_id: str) -> str:
        """The id in the form that the channel takes it in."""
        return self._form(source_id)

    def fault(self, source_id: str) -> str | None:
        """Why an id is no longer what its source gave."""
        return rounding_fault(source_id, may_end_in_zeros=self._end_in_zeros)

    def person_fault(self, source_id: str) -> str | None:
        """Why an id names no person: as for `fault`, or shops and forms write it for whoever has
        none (0, guest, anonymous), and all of them would be one."""
        says_nothing = not any(char.isalnum() and char != "0" for char in source_id)
        if says_nothing or fold(source_id) in self._of_nobody:
            return "it stands for whoever has no id, and names nobody"
        return self.fault(source_id)

    def read_one(self, value: Any) -> str | None:
        """The id as text. Raises ValueFault where it is no longer whole."""
        text = read_text(value) or None
        if text is not None and (fault := self.fault(text)) is not None:
            raise ValueFault(f"{show(text)}: {fault}")
        return text and self._plain(text)

    def read_several(self, value: Any) -> tuple[list[str], list[str]]:
        """The persons' ids of a list in the form that the channel takes them in, and why others are
        none."""
        if isinstance(value, str):
            # The comma of 1,23457E+14 separates nothing.
            value = _DECIMAL_COMMA.sub(".", value)
        faults = {text: self.person_fault(text) for text in read_list(value)}
        whole = [self.formed(text) for text in faults if not faults[text]]
        return whole, [f"{show(text)}: {fault}" for text, fault in faults.items() if fault]


def rounding_fault(source_id: str, *, may_end_in_zeros: bool = False) -> str | None:
    """Why an id is no longer what its source gave: as a number, it lost its last digits."""
    if _AS_POWER.search(source_id):
        return "a spreadsheet rounded it to a power of ten; export it as text"
    if not may_end_in_zeros and any(map(_ends_as_rounded, _LONG.findall(source_id))):
        return (
            f"it ends in zeros as numbers of {len(source_id)} digits do once a spreadsheet or "
            "program has rounded them; export it as text, or write `id_form: as_given` in the "
            "channel where ids do end so"
        )
    return None


def _ends_as_rounded(digits: str) -> bool:
    """Whether a double is printed so. Of ids that were never rounded, one of a hundred with 17
    digits ends in 00, and about one of forty with 18 or more happens to be printed so."""
    if len(digits) <= _PRINTED_FIGURES:
        return not digits[_EXACT_FIGURES:].strip("0")
    return int(Decimal(repr(float(digits)))) == int(digits)
