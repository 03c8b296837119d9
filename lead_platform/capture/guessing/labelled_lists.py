"""Lists of mailboxes or numbers with a label each, as CRMs hold them: `email: [{label, value}]`.

Owns which list of a record is one, and which of its elements is the lead's first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lead_platform.capture.guessing.left_parts import lists_of
from lead_platform.capture.guessing.names import FieldNames
from lead_platform.capture.guessing.notation import path_of
from lead_platform.capture.guessing.shapes import MOST_READ, is_mail, is_phone
from lead_platform.capture.values import readable_text

_Path = tuple[str, ...]
_FITS = {"email": is_mail, "phone": is_phone}
# Named as the list of field names has it.
_FURTHER = "further emails"
_FLAGS = ("primary", "is_primary", "isPrimary", "default")


@dataclass(frozen=True)
class LabelledList:
    """A list of objects that is one field: `value` is the key of an element that holds it, `flag`
    the one that says which element is the first."""

    path: _Path
    field: str
    value: str
    flag: str | None

    @property
    def further(self) -> _Path:
        """The column of the others."""
        return (*self.path[:-1], _FURTHER)

    def places(self) -> Iterator[tuple[_Path, str]]:
        """The columns, each with where its values are: the first element, further mailboxes."""
        where, value = path_of(self.path), path_of((self.value,))
        first, others = f"{where}[0].{value}", f"{where}[1:].{value}"
        if self.flag is not None:
            flag = path_of((self.flag,))
            first = f"({where}[?{flag}].{value} | [0]) || {first}"
            others = f"{where}[?!{flag}].{value}"
        yield self.path, first
        if self.field == "email":
            yield self.further, others

    def cells(self, held: Any) -> Iterator[tuple[_Path, str]]:
        """By column, what a record's list says."""
        elements = [each for each in held if isinstance(each, dict)]
        flagged = [each for each in elements if self.flag and each.get(self.flag) is True]
        first = (flagged or elements)[:1]
        others = [each for each in elements if each not in first]
        yield self.path, self._text(first)
        if self.field == "email" and others:
            yield self.further, self._text(others)

    def _text(self, elements: list[dict[str, Any]]) -> str:
        texts = (readable_text(each.get(self.value)) for each in elements)
        return "; ".join(text for text in texts if text)


def labelled_lists(
    contents: Iterable[Mapping[str, Any]], names: FieldNames
) -> tuple[LabelledList, ...]:
    """Those of the records, by the name of the list and by what its elements hold."""
    found = (
        _judged(path, [each for each in held if isinstance(each, dict)], names)
        for path, held in lists_of(contents).items()
    )
    return tuple(each for each in found if each is not None)


def _judged(path: _Path, elements: list[dict[str, Any]], names: FieldNames) -> LabelledList | None:
    fields = [field for field in _FITS if field in names.fields_of(path[-1])]
    if len(fields) != 1 or names.is_other_party(path):
        return None
    (field,) = fields
    keys = dict.fromkeys(key for each in elements for key in each)
    shares = {key: _share(elements, key, field) for key in keys if key != "id"}
    best = max(shares, key=lambda key: shares[key], default=None)
    if best is None or shares[best] < MOST_READ:
        return None
    flag = next((each for each in _FLAGS if any(e.get(each) is True for e in elements)), None)
    return LabelledList(path, field, best, flag)


def _share(elements: list[dict[str, Any]], key: str, field: str) -> float:
    """How many of the filled values are mailboxes, or numbers."""
    texts = [text for each in elements if (text := readable_text(each.get(key)))]
    return sum(map(_FITS[field], texts)) / len(texts) if texts else 0.0
