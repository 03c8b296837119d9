"""What people and exports do to clean values: typos, nicknames, case, spaces, other spellings.

Each function takes a clean column and gives the typed one; nothing here knows who the person is.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lead_platform.demo.text import (
    Flags,
    Floats,
    Ints,
    Text,
    blank,
    choose,
    choose_one,
    cut,
    draw,
    fill,
    format_number,
    hit,
    is_present,
    join,
    lower,
    make_text,
    take,
    upper,
)
from lead_platform.demo.words import (
    load_countries,
    load_first_names,
    load_nicknames,
    load_surnames,
    read_table,
    split_spellings,
)

_SIZE_BANDS = (
    "1-10",
    "11-50",
    "51-200",
    "201-500",
    "501-1000",
    "1001-5000",
    "5001-10000",
    "10000+",
)
_SIZE_LIMITS = (10, 50, 200, 500, 1000, 5000, 10_000)
_NEIGHBOUR_KEYS = dict(zip("abcdefghijklmnopqrstuvwxyz", "svxfrdhjuokkmjplwetyibsczs", strict=True))


def mistype(rng: np.random.Generator, values: Text, rows: Flags) -> Text:
    """One slip per chosen row: two letters swapped, one lost, one doubled or a neighbouring key."""
    chosen = np.flatnonzero(rows & is_present(values))
    if len(chosen) == 0:
        return values
    kinds, places = rng.integers(0, 4, len(chosen)), rng.random(len(chosen))
    words = values.take(pa.array(chosen)).to_pylist()
    slips = [
        _slip(word, int(kind), place)
        for word, kind, place in zip(words, kinds, places, strict=True)
    ]
    source = np.full(len(values), -1, dtype=np.int64)
    source[chosen] = np.arange(len(chosen))
    return fill(take(make_text(slips), source), values)


def _slip(word: str, kind: int, place: float) -> str:
    if len(word) < 4:
        return word
    at = 1 + int(place * (len(word) - 2))
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + _NEIGHBOUR_KEYS.get(word[at], word[at]) + word[at + 1 :]


def change_case(values: Text, kind: Ints) -> Text:
    """As it is (0), all lower (1) or all upper case (2)."""
    return choose_one(kind, [values, lower(values), upper(values)])


def add_spaces(rng: np.random.Generator, values: Text, share: Floats) -> Text:
    """A blank before, after, or a no-break space after."""
    kind = np.where(hit(rng, share, len(values)), rng.integers(1, 4, len(values)), 0)
    return choose_one(kind, [values, join(" ", values), join(values, "  "), join(values, "\u00a0")])


def type_first_names(
    rng: np.random.Generator, index: Ints, nickname: Floats, plain: float, initial: float
) -> tuple[Text, Flags]:
    """First names as given: nickname, without marks, or the initial; and who used a nickname."""
    size, nicknames, names = len(index), load_nicknames(), load_first_names()
    offset = (rng.random(size) * nicknames.counts[index]).astype(np.int64)
    uses = hit(rng, nickname, size) & (nicknames.counts[index] > 0)
    typed = choose(hit(rng, plain, size), take(names.plain, index), take(names.names, index))
    position = np.where(uses, nicknames.starts[index] + offset, -1)
    typed = fill(take(nicknames.values, position), typed)
    return choose(hit(rng, initial, size), join(cut(typed, 0, 1), "."), typed), uses


def type_surnames(rng: np.random.Generator, index: Ints, plain: float) -> Text:
    """Surnames, some without their marks."""
    names = load_surnames()
    return choose(hit(rng, plain, len(index)), take(names.plain, index), take(names.names, index))


def vary_emails(rng: np.random.Generator, emails: Text, share: Floats, typo: float) -> Text:
    """The same mailbox spelled otherwise: plus tag, dots of gmail, case; some domains mistyped."""
    size = len(emails)
    parts = pc.extract_regex(emails, r"^(?P<local>[^@]*)@(?P<domain>.*)$")
    local, domain = (pc.struct_field(parts, name) for name in ("local", "domain"))
    is_gmail: Flags = np.asarray(fill(domain, "")) == "gmail.com"
    without_dots = pc.replace_substring(local, ".", "")
    dotted = choose(is_gmail, join(without_dots, "@", domain), emails)
    tags = take(make_text(["+news", "+crm", "+work"]), rng.integers(0, 3, size))
    kind = np.where(hit(rng, share, size), rng.integers(1, 5, size), 0)
    varied = choose_one(
        kind,
        [emails, join(local, tags, "@", domain), dotted, upper(emails), join(" ", emails, " ")],
    )
    wrong = pc.replace_substring(
        pc.replace_substring(varied, "gmail.com", "gmial.com"), "example", "exmaple"
    )
    return choose(hit(rng, typo, size), wrong, varied)


def type_companies(rng: np.random.Generator, names: Text, legal_forms: Text, share: float) -> Text:
    """Company names with and without the legal form, other case, "and" for "&"."""
    size = len(names)
    kind = np.where(hit(rng, share, size), draw(rng, (4, 2, 1.5, 1.5), size) + 1, 0)
    full = join(names, " ", legal_forms)
    return choose_one(
        kind,
        [
            names,
            full,
            lower(names),
            join(names, ", ", legal_forms),
            pc.replace_substring(upper(full), " & ", " AND "),
        ],
    )


def type_titles(rng: np.random.Generator, index: Ints) -> Text:
    """Job titles in full, abbreviated or in the wrong case."""
    titles = read_table("titles")
    long, short = (take(make_text(titles[name]), index) for name in ("title", "alternative"))
    return choose_one(
        draw(rng, (0.68, 0.22, 0.06, 0.04), len(index)), [long, short, lower(long), upper(long)]
    )


def type_countries(rng: np.random.Generator, index: Ints) -> Text:
    """Countries by code or name, in English or their own language."""
    spellings = split_spellings(load_countries()["spellings"].to_list())
    return take(spellings.values, spellings.pick(rng, index))


def type_industries(rng: np.random.Generator, index: Ints) -> Text:
    """Industries as dropdowns and people name them."""
    spellings = split_spellings(read_table("industries")["spellings"].to_list())
    return take(spellings.values, spellings.pick(rng, index))


def type_headcounts(rng: np.random.Generator, employees: Ints) -> Text:
    """Headcount as a band, a number, or a number with a separator."""
    band = take(make_text(_SIZE_BANDS), np.searchsorted(_SIZE_LIMITS, employees))
    plain = format_number(employees)
    grouped = choose(
        employees >= 1000,
        join(format_number(employees // 1000), ",", format_number(employees % 1000, 3)),
        plain,
    )
    return choose_one(draw(rng, (0.7, 0.2, 0.1), len(employees)), [band, plain, grouped])


def leave_unselected(rng: np.random.Generator, values: Text, share: float) -> Text:
    """A dropdown nobody touched says so: "Select" or "--"; some leave it out."""
    size = len(values)
    kind = np.where(hit(rng, share * 2, size), rng.integers(1, 4, size), 0)
    typed = choose_one(kind, [values, "Select", "--", values])
    return blank(kind == 3, typed)
