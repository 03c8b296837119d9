"""Whose a column is, by what it says beside the others: the leads', or somebody else's.

A name alone cannot tell `Email` of the owner from `Email` of the lead. An owner's value goes with
many persons, an id that two strangers share is nobody's, and a lead's mailbox often holds the name.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from lead_platform.capture.guessing.choices import EXACT, UNSEEN, Choice
from lead_platform.capture.guessing.names import AMBIGUOUS_NAME
from lead_platform.vocabularies.text import fold

ENOUGH_ROWS = 5
Cells = tuple[str, ...]
Count = Callable[[set[str]], int]
# A person who comes again has one mailbox and one name, but for an odd spelling: over event logs
# 1.0 to 1.2 of each. Three owners of 24 leads have eight.
_MANY = 1.5
_STRANGERS = 0.05
"""Share of the rows whose id is also a stranger's, above which it is no person's id: an exact key
makes one lead of all who share it."""
_SCHEME = re.compile(r"^https?://", re.I)
_HALVES = ("first_name", "last_name")
_REACHED = ("email", "phone", "full_name")
_KNOWN_BY = frozenset({*_REACHED, AMBIGUOUS_NAME, "linkedin_url", "company_name"})
_AGREE = 0.3
"""Share of the mailboxes that hold a part of the name beside them, from which both are one
person's: of leads' work mailboxes 0.6 to 0.9 do, of strangers' none."""
_SHORTEST_PART = 3
_PAGES = 0.5


class Parties:
    """Tells the columns of the leads from those of others, among all that were found by name."""

    def __init__(self, choices: Iterable[Choice]) -> None:
        self._choices = [choice for choice in choices if not choice.column.is_opaque]

    def objection(self, choice: Choice) -> str | None:
        """Why the column is not the leads' own; None where nothing speaks against it."""
        if choice.field in _REACHED or choice.field in _HALVES:
            return self._of_many(choice) or self._of_another_name(choice)
        if choice.field == "person_id":
            return self._of_strangers(choice)
        if choice.field == "company_website":
            return self._of_our_site(choice)
        return None

    def agree(self, cells: Cells) -> bool | None:
        """Whether mailboxes hold the names beside them; None where there are no names."""
        names = [fold_cells(c.column.cells) for c in self._choices if _names_somebody(c)]
        shares = [share for n in names if (share := _agreement(n, cells)) is not None]
        return max(shares) >= _AGREE if shares else None

    @property
    def is_anybody_known(self) -> bool:
        """Whether any column says who somebody is, or at which company."""
        return any(choice.field in {*_KNOWN_BY, *_HALVES} for choice in self._choices)

    def _of_many(self, choice: Choice) -> str | None:
        own = self._whole(choice)
        for told, other, count in self._witnesses(choice):
            if _goes_with_many(own, other, count):
                return f"each of its values goes with several of {told}"
        return None

    def _witnesses(self, choice: Choice) -> Iterator[tuple[str, Cells, Count]]:
        """What else says who somebody is: its name, its cells, and how its values are counted."""
        for other in self._choices:
            if other.column.path != choice.column.path and other.field in _KNOWN_BY:
                count = _families if _names_somebody(other) else len
                yield other.column.name, fold_cells(other.column.cells), count
        if choice.field not in _HALVES and (halves := self._joined_halves()) is not None:
            yield "the names beside it", halves, _families

    def _of_another_name(self, choice: Choice) -> str | None:
        """A whole name that is neither the halves beside it nor in the mailboxes."""
        if choice.field != "full_name" or choice.column.rows < ENOUGH_ROWS:
            return None
        halves = self._joined_halves()
        if halves is not None:
            own = fold_cells(choice.column.cells)
            same = _share_a_word(own, halves)
            if same is not None and same < _AGREE:
                return "its names are not those of the first and last names beside it"
        if choice.confidence >= EXACT - UNSEEN:
            return None
        mails = [c.column.cells for c in self._choices if c.field == "email"]
        names = fold_cells(choice.column.cells)
        shares = [share for m in mails if (share := _agreement(names, m)) is not None]
        if shares and max(shares) == 0:
            return "none of its names is in the mailbox beside it"
        return None

    def _of_strangers(self, choice: Choice) -> str | None:
        witnesses = [
            fold_cells(c.column.cells)
            for c in self._choices
            if c.field in (*_REACHED, AMBIGUOUS_NAME)
            and c.column.path != choice.column.path
            and self._of_many(c) is None
        ]
        halves = self._joined_halves()
        shared = shared_by_strangers(
            choice.column.cells, [*witnesses, *([halves] if halves is not None else [])]
        )
        if shared > _STRANGERS:
            return f"{shared:.0%} of the rows share their value with another person's"
        return None

    def _of_our_site(self, choice: Choice) -> str | None:
        """The page a form stands on is ours: it would make us the employer of every lead."""
        column = choice.column
        if column.share(_has_path) >= _PAGES:
            return "its values are pages, not sites of companies"
        hosts = Counter(filter(None, map(_host, column.tried)))
        if hosts.total() < 2:
            return None
        host, times = hosts.most_common(1)[0]
        mails = [c.column for c in self._choices if c.field == "email"]
        are_its_own = any(mail.share(lambda value: _is_at(value, host)) >= _AGREE for mail in mails)
        if times >= _PAGES * hosts.total() and not are_its_own:
            return "one site stands on most rows, and the mailboxes are not of it"
        return None

    def _whole(self, choice: Choice) -> Cells:
        """Of half a name the whole: many people are called Maria."""
        if choice.field not in _HALVES:
            return fold_cells(choice.column.cells)
        return self._joined_halves() or ()

    def _joined_halves(self) -> Cells | None:
        halves = [
            next((c.column.cells for c in self._choices if c.field == name), None)
            for name in _HALVES
        ]
        first, last = halves
        if first is None or last is None:
            return None
        return fold_cells(tuple(f"{one} {two}" for one, two in zip(first, last, strict=True)))


def fold_cells(cells: Cells) -> Cells:
    """Cells without case, accents and signs."""
    return tuple(cell and fold(cell) for cell in cells)


def hold_names(names: Cells, mails: Cells) -> bool:
    """Whether mailboxes hold the names in their rows."""
    return (_agreement(fold_cells(names), mails) or 0.0) >= _AGREE


def _names_somebody(choice: Choice) -> bool:
    return choice.field in ("full_name", *_HALVES, AMBIGUOUS_NAME)


def _goes_with_many(own: Cells, other: Cells, count: Count) -> bool:
    """Whether the values of `own` go with several of `other` each, and are fewer."""
    pairs = [pair for pair in zip(own, other, strict=False) if all(pair)]
    if len(pairs) < ENOUGH_ROWS:
        return False
    beside: dict[str, set[str]] = defaultdict(set)
    for one, two in pairs:
        beside[one].add(two)
    enough = _MANY * len(beside)
    return sum(map(count, beside.values())) >= enough and len({b for _, b in pairs}) >= enough


def _families(names: set[str]) -> int:
    """How many names have no word in common: parents give one mailbox for all their children."""
    families: list[set[str]] = []
    for name in names:
        words = set(_parts(name))
        kin = [family for family in families if family & words]
        families = [family for family in families if not family & words]
        families.append(words.union(*kin))
    return len(families)


def shared_by_strangers(ids: Cells, witnesses: Sequence[Cells]) -> float:
    """Share of the rows whose id others have too who agree with each other in nothing."""
    groups: dict[str, list[int]] = defaultdict(list)
    for row, cell in enumerate(ids):
        if cell:
            groups[cell].append(row)
    shared = sum(
        len(rows) for rows in groups.values() if len(rows) > 1 and _differ(rows, witnesses)
    )
    return shared / max(1, sum(map(len, groups.values())))


def _differ(rows: Sequence[int], witnesses: Sequence[Cells]) -> bool:
    """Whether every witness that speaks of several of the rows says other persons."""
    spoken = [
        values for w in witnesses if len(values := [w[row] for row in rows if w[row].strip()]) > 1
    ]
    return bool(spoken) and all(len(set(values)) > 1 for values in spoken)


def _agreement(names: Cells, mails: Cells) -> float | None:
    """Share of the mailboxes that hold a word of the name in their row; None where none has one."""
    pairs = [pair for pair in zip(names, mails, strict=True) if all(pair)]
    if not pairs:
        return None
    return sum(any(part in _local(mail) for part in _parts(name)) for name, mail in pairs) / len(
        pairs
    )


def _share_a_word(one: Cells, other: Cells) -> float | None:
    pairs = [pair for pair in zip(one, other, strict=True) if all(pair)]
    if not pairs:
        return None
    return sum(bool(set(a.split()) & set(b.split())) for a, b in pairs) / len(pairs)


def _local(mail: str) -> str:
    return fold(mail.partition("@")[0]).replace(" ", "")


def _host(address: str) -> str:
    return _SCHEME.sub("", address.strip().lower()).split("/", 1)[0].removeprefix("www.")


def _has_path(address: str) -> bool:
    """Whether more stands behind the host than a slash."""
    return bool(_SCHEME.sub("", address.strip()).partition("/")[2])


def _is_at(mail: str, host: str) -> bool:
    domain = mail.rpartition("@")[2].lower()
    return bool(domain) and f".{host}".endswith(f".{domain}")


def _parts(name: str) -> Iterator[str]:
    return (word for word in name.split() if len(word) >= _SHORTEST_PART)
