"""Unreplaced macros: what an ad system or a template was to fill in and did not.

`{{campaign.name}}`, `%%first_name%%` or `__CID__` as a whole value is no value. A text that merely
holds one, or has words beside it, stays as it is.
"""

import re
from collections.abc import Iterable

import re2

from lead_platform.patterns import Pattern

# Between the brackets stands a name, perhaps with a filter or a default; no text of people.
_NAME = r"[\w.:|-]+"
_SPACED_NAME = rf" ?{_NAME}( {_NAME}){{0,3}} ?"
# RE2 writes each repetition out: bounds within the forms took it a second to compile.
_TOO_LONG = re.compile(r"[\w.:|-]{81}|(?<=[\w.:|-]) [\w.:|-]{41}")
_BETWEEN = r"[\s_|,;:/.-]*"
_LONGEST = 500
# As Microsoft's systems write an id.
_GUID = re.compile(r"\{[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\}")


class Macros:
    """The forms of macros and the systems that have them, asked for whole values."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """From opening bracket, closing bracket and system."""
        # The longer opening first: {{x}} is not a {x} in brackets.
        ordered = sorted(rows, key=lambda row: -len(row[0]))
        forms = [_form(opening, closing) for opening, closing, _ in ordered]
        self.starts = frozenset(opening[0] for opening, _, _ in ordered)
        self._systems = [system for _, _, system in ordered]
        self._forms = [Pattern(rf"\A{form}") for form in forms]
        self._whole = Pattern(rf"\A((?:{'|'.join(forms)}){_BETWEEN})+\z") if forms else None

    def find(self, text: str) -> str | None:
        """The system whose macro `text` is, None where it is something else."""
        # Nearly every value ends here, after 40 ns.
        if not text or text[0] not in self.starts or len(text) > _LONGEST:
            return None
        if self._whole is None or not self._whole.found_in(text) or _TOO_LONG.search(text):
            return None
        if _GUID.fullmatch(text):
            return None
        found = (form.found_in(text) for form in self._forms)
        return next(system for system, is_it in zip(self._systems, found, strict=False) if is_it)


def _form(opening: str, closing: str) -> str:
    inner = _SPACED_NAME if len(opening) > 1 else _NAME
    return f"(?:{re2.escape(opening)}{inner}{re2.escape(closing)})"
