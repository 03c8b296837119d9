"""Regular expressions that people configure, matched in time linear in the text.

Python's own engine backtracks: one pattern of a channel and one crafted value would hold a run for
ever. RE2 cannot, so look-around and back-references, which need backtracking, are refused with the
way round them. Patterns written in this program's code stay with Python's `re`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import re2

# `\w`, `\d` and `\s` of RE2 know ASCII only; a form asks in any language.
_CLASSES = {"w": r"\pL\pN_", "d": r"\p{Nd}", "s": r"\s\p{Z}"}
_NEGATED = {name.upper(): members for name, members in _CLASSES.items()}
_LONGEST = 20_000
# RE2 forgets and goes on when its automaton outgrows this; it fails only where one step does not
# fit. The largest shipped table takes under 1 MiB.
_MEMORY = 64 * 1_048_576
_HINTS = (
    (
        re.compile(r"\(\?"),
        "; look-ahead and look-behind do not exist here: match what stands around in the pattern "
        "itself, for example (^| )word( |$)",
    ),
    (
        re.compile(r"escape sequence: \\\d"),
        "; references to groups do not exist here: write the alternatives out",
    ),
    (re.compile("repetition"), "; repeat at most 1,000 times, and once only (no a++, a**)"),
)


class Match(NamedTuple):
    """What a pattern found: the whole, and its first group where it has one that took part."""

    text: str
    first_group: str | None


class Pattern:
    """A compiled pattern. Its `source` is what the file says."""

    def __init__(self, source: str, *, ignore_case: bool = False) -> None:
        """Raises ValueError that says what RE2 does not take, and the way round."""
        self.source = source
        self._ignore_case = ignore_case
        self._compiled = _compile(source, ignore_case=ignore_case)

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (self.source, self._ignore_case)

    @property
    def expression(self) -> str:
        """What RE2 is given, for others who have it built in (Arrow)."""
        return _in_unicode(self.source)

    @property
    def group_count(self) -> int:
        """How many groups it has."""
        return int(self._compiled.groups)

    def found_in(self, text: str) -> bool:
        """Whether it matches anywhere in `text`."""
        return self._compiled.search(text) is not None

    def search(self, text: str) -> Match | None:
        """The leftmost match in `text`, None where there is none."""
        found = self._compiled.search(text)
        if found is None:
            return None
        return Match(found.group(0), found.group(1) if self._compiled.groups else None)


class OrderedPatterns:
    """Many patterns asked at once: which is the first, in their order, that a text holds?"""

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources = tuple(sources)
        self._set = re2.Set.SearchSet(_options(ignore_case=False))
        for source in self._sources:
            self._add(source)
        if self._sources:
            self._set.Compile()

    def __reduce__(self) -> tuple[object, ...]:
        return OrderedPatterns, (self._sources,)

    def _add(self, source: str) -> None:
        """To add it parses it; only what it does not take is compiled alone, for the reason."""
        if len(source) > _LONGEST:
            _compile(source, ignore_case=False)
        try:
            self._set.Add(_in_unicode(source))
        except (re2.error, UnicodeEncodeError):
            _compile(source, ignore_case=False)
            raise

    def first_in(self, text: str) -> int | None:
        """The position of the first pattern found in `text`."""
        found = self._set.Match(text) if self._sources else None
        return min(found) if found else None


def wildcard(parts: Iterable[str]) -> str:
    """The expression of a whole text made of `parts` with anything between them."""
    return r"(?s)\A" + ".*".join(re2.escape(part) for part in parts) + r"\z"


def _again(source: str, ignore_case: bool) -> Pattern:
    return Pattern(source, ignore_case=ignore_case)


def _options(*, ignore_case: bool) -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    options.max_mem = _MEMORY
    return options


def _compile(source: str, *, ignore_case: bool) -> "re2._Regexp":
    if len(source) > _LONGEST:
        raise ValueError(
            f"a pattern of {len(source):,} characters; at most {_LONGEST:,}: make several of it"
        )
    try:
        return re2.compile(_in_unicode(source), _options(ignore_case=ignore_case))
    except (re2.error, UnicodeEncodeError) as error:
        reason = _reason(error)
        hint = next((text for sign, text in _HINTS if sign.search(reason)), "")
        raise ValueError(f"{source!r} is not a regular expression: {reason}{hint}") from None


def _reason(error: Exception) -> str:
    told = error.args[0] if error.args else ""
    return told.decode(errors="replace") if isinstance(told, bytes) else str(error)


_TOKEN = re.compile(r"\\(.)|[\[\]]|[^\\\[\]]+", re.DOTALL)


def _in_unicode(source: str) -> str:
    """The pattern with classes that hold letters and digits of every script."""
    parts: list[str] = []
    in_class = False
    for token in _TOKEN.finditer(source):
        sign, text = token.group(1), token.group()
        if sign in _CLASSES:
            text = _CLASSES[sign] if in_class else f"[{_CLASSES[sign]}]"
        elif sign in _NEGATED and not in_class:
            text = f"[^{_NEGATED[sign]}]"
        elif sign == "Z":
            text = r"\z"
        elif text == "[" and not in_class:
            in_class = True
        elif text == "]" and in_class and not _opens_class(parts):
            in_class = False
        parts.append(text)
    return "".join(parts)


def _opens_class(parts: list[str]) -> bool:
    """Whether a bracket that follows is a member of the class, as in []a] and [^]a]."""
    return parts[-1:] == ["["] or parts[-2:] == ["[", "^"]
