"""Lists of mailboxes or numbers with a label each, as CRMs hold them: `email: [{label, value}]`.

Owns which list of a record is one, and which of its elements is the lead's first. What else its
elements say is `left_parts`'.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lead_platform.capture.guessing.names import AMBIGUOUS_NAME, FieldNames
from lead_platform.capture.guessing.notation import path_of, raw
from lead_platform.capture.guessing.shapes import MOST_READ, is_mail, is_phone
from lead_platform.capture.values import readable_text, show
from lead_platform.vocabularies.phone_words import is_against_numbers, is_label_against_number

_Path = tuple[str, ...]
_FITS = {"email": is_mail, "phone": is_phone}
# Named as the list of field names has it.
_FURTHER = "further emails"
_FLAGS = ("primary", "is_primary", "isPrimary", "default")
# Beside the names of mailboxes and numbers, which the list of field names has; of letters only.
_VALUES = frozenset({"value", "number", "address", "rawnumber", "sanitizednumber"})
# Of two spellings of one number.
_SAME_ENDING = 6
_NAMES = frozenset({AMBIGUOUS_NAME, "full_name", "first_name", "last_name"})
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class LabelledList:
    """A list of objects that is one field: `value` is the key of an element that holds it, `flag`
    the one that says which element is the first, `against` the labels (key and text) by which the
    person is not reached through an element."""

    path: _Path
    field: str
    value: str
    flag: str | None
    against: tuple[tuple[str, str], ...] = ()

    @property
    def further(self) -> _Path:
        """The column of the others."""
        return (*self.path[:-1], _FURTHER)

    def places(self) -> Iterator[tuple[_Path, str]]:
        """The columns, each with where its values are: the first element, further mailboxes."""
        yield self.path, self.place_of((self.value,))
        if self.field == "email":
            yield self.further, self._place_of_others()

    def place_of(self, inner: _Path) -> str:
        """The path to what the element that is read says at `inner`."""
        where, tests = path_of(self.path), self._tests()
        first = f"({where}[?{tests}] | [0])" if tests else f"{where}[0]"
        if self.flag is not None:
            marked = " && ".join(filter(None, (path_of((self.flag,)), tests)))
            first = f"(({where}[?{marked}] | [0]) || {first})"
        return f"{first}.{path_of(inner)}"

    def _place_of_others(self) -> str:
        where, value = path_of(self.path), path_of((self.value,))
        tests = self._tests()
        if self.flag is not None:
            unmarked = " && ".join(filter(None, (f"!{path_of((self.flag,))}", tests)))
            return f"{where}[?{unmarked}].{value}"
        return f"({where}[?{tests}].{value} | [1:])" if tests else f"{where}[1:].{value}"

    def _tests(self) -> str:
        return " && ".join(f"{path_of((key,))} != {raw(text)}" for key, text in self.against)

    def cells(self, held: Any) -> Iterator[tuple[_Path, str]]:
        """By column, what a record's list says."""
        elements = [each for each in held if isinstance(each, dict) and self._reaches(each)]
        flagged = [each for each in elements if self.flag and each.get(self.flag) is True]
        first = (flagged or elements)[:1]
        others = [each for each in elements if each not in first]
        yield self.path, self._text(first)
        if self.field == "email" and others:
            yield self.further, self._text(others)

    def _reaches(self, element: Mapping[str, Any]) -> bool:
        return not any(element.get(key) == text for key, text in self.against)

    def told(self) -> Iterator[str]:
        """Which elements are left out, if any are."""
        if self.against:
            labels = ", ".join(dict.fromkeys(show(text) for _, text in self.against))
            yield (
                f"{'.'.join(self.path)}: what is labelled {labels} is left out, for the person is "
                "not reached by it. Look whether other labels say so: the path names each"
            )

    def _text(self, elements: list[dict[str, Any]]) -> str:
        texts = (readable_text(each.get(self.value)) for each in elements)
        return "; ".join(text for text in texts if text)


def labelled_lists(
    lists: Mapping[_Path, list[Any]], names: FieldNames
) -> dict[_Path, LabelledList | None]:
    """Those of the records, by the name of the list and by what its elements hold; None for a list
    of mailboxes or numbers of which it is not sure whose they are."""
    judged = (
        (path, _judged(path, [each for each in held if isinstance(each, dict)], names))
        for path, held in lists.items()
    )
    return {path: found for path, (is_one, found) in judged if is_one}


def _judged(
    path: _Path, elements: list[dict[str, Any]], names: FieldNames
) -> tuple[bool, LabelledList | None]:
    """Whether mailboxes or numbers stand there, and how they are read. Of two different ones in an
    element, as of whom a mail is from and to, nobody knows which is the lead's."""
    fields = [field for field in _FITS if field in names.fields_of(path[-1])]
    if len(fields) != 1 or names.is_other_party(path):
        return False, None
    (field,) = fields
    keys = dict.fromkeys(key for each in elements for key in each)
    fits = [key for key in keys if key != "id" and _share(elements, key, field) >= MOST_READ]
    named = [key for key in fits if _holds_one(key, field, names)]
    if not named or not all(_is_same(elements, named[0], key, field) for key in fits):
        return bool(fits), None
    flag = next((each for each in _FLAGS if any(e.get(each) is True for e in elements)), None)
    labels = dict.fromkeys(
        (key, text)
        for each in elements
        for key, text in each.items()
        if key not in fits and isinstance(text, str) and _is_against(key, text, names)
    )
    return True, LabelledList(path, field, named[0], flag, tuple(labels))


def _is_against(key: str, text: str, names: FieldNames) -> bool:
    """Whether the person is not reached by what is labelled so; below a name it may be a name."""
    is_name = not names.fields_of(key).isdisjoint(_NAMES)
    return is_against_numbers(text) if is_name else is_label_against_number(text)


def _holds_one(key: str, field: str, names: FieldNames) -> bool:
    """Whether the key says that it holds the mailbox or number of the element."""
    return "".join(filter(str.isalpha, key.lower())) in _VALUES or field in names.fields_of(key)


def _share(elements: list[dict[str, Any]], key: str, field: str) -> float:
    """How many of the filled values are mailboxes, or numbers."""
    texts = [text for each in elements if (text := readable_text(each.get(key)))]
    return sum(map(_FITS[field], texts)) / len(texts) if texts else 0.0


def _is_same(elements: list[dict[str, Any]], value: str, key: str, field: str) -> bool:
    """Whether both keys hold the same wherever the second holds a text; times and ids that look
    like a number of a phone are numbers to JSON."""
    return all(
        _compared(readable_text(each.get(value)) or "", field) == _compared(text, field)
        for each in elements
        if isinstance(text := each.get(key), str) and text and not _DATE.match(text)
    )


def _compared(text: str, field: str) -> str:
    if field == "email":
        return text.strip().casefold()
    return "".join(filter(str.isdigit, text))[-_SAME_ENDING:]
