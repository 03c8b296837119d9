"""Is a submission a person's? Vendor tests, dummies, junk and machines are kept, but no leads.

Precision comes first: a person with an odd name is a person. It takes a vendor's own marker, or
two independent signs while neither name nor mailbox speaks for somebody. The signs are the list
`config/vocabularies/non_persons.csv`; what is measured here (random letters, runs of digits) is
what no list can hold.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lead_platform.vocabularies.non_persons import START, NonPerson, NonPersonSigns, Sign, SignName
from lead_platform.vocabularies.text import fold

PERSON = "person"
KINDS_OF_SUBMISSIONS: tuple[str, ...] = (PERSON, "test", "junk", "machine")
IS_PERSON = f"coalesce(kind, '{PERSON}') = '{PERSON}'"
"""SQL: of capture.submissions, what becomes a lead; rows from before there were kinds are."""

MARKS: tuple[str, ...] = ("kind", "kind_reason", "kind_version")
"""The columns in which capture notes what a submission is, why, and by which state of the list."""

SIGN_FIELDS: tuple[str, ...] = (
    "full_name", "first_name", "last_name", "email", "phone", "company_name", "message",
)  # fmt: skip
"""The fields of a submission that tell."""

# Names switch case three times at most (McDonaldMacLeod) and hold six consonants in a row
# (Robbrechts-Bruijne): of 400,000 names and mailboxes of public data none has more.
_CASE_SWITCHES = re.compile(r"[A-Z]*(?:[a-z]+[A-Z]+){4,}[a-z]*")
_LONGEST_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{7,}")
_GLUED = re.compile(r"[A-Z][a-z]{2,}[A-Z][a-z]{2,}")
_GMAIL = ("gmail.com", "googlemail.com")
_LEAST_RANDOM = 8
_DOTTED_PARTS = 6
_DEEPEST = 10
_NOT_DIGIT = re.compile(r"\D+")


class Mark(NamedTuple):
    """Why a submission is no person's."""

    kind: NonPerson
    reason: str


class _Sign(NamedTuple):
    kind: NonPerson
    reason: str
    is_strong: bool = True


class KindReader:
    """Reads what a submission is from its fields and from what the vendor sent with it."""

    def __init__(self, signs: NonPersonSigns) -> None:
        self.version = signs.version
        self._signs = signs

    def read(self, fields: Mapping[str, Any], content: Any = None) -> Mark | None:
        """None for a person. `content`: the record as received, where it has a listed key."""
        if content is not None and (marked := self.of_vendor(content)) is not None:
            return marked
        name, email = _name_of(fields), fields["email"]
        if name and self._is_plain(name):
            found = self._signs["address"].find(email.casefold()) if email else None
            return None if found is None else Mark(found.kind, found.reason)
        return self._marker(name, fields) or self._dummy(name, fields)

    def of_vendor(self, content: Any) -> Mark | None:
        """What a key of the vendor's says: it is a test."""
        for sign in _key_signs(content, self._signs.keys, 0):
            return Mark(sign.kind, sign.reason)
        return None

    def _marker(self, name: str, fields: Mapping[str, Any]) -> Mark | None:
        """A text that only a vendor's test, sample or machine has."""
        email = fields["email"] or ""
        lines = f"{name}\n{email}\n{fields['phone']}\n{fields['company_name']}"
        found = self._signs.find_marker(lines.casefold())
        found = found or self._signs["address"].find(email.casefold())
        return Mark(found.kind, found.reason) if found is not None else None

    def _dummy(self, name: str, fields: Mapping[str, Any]) -> Mark | None:
        """Two independent signs, where neither name nor mailbox speaks for a person."""
        email = fields["email"]
        of_name = self._name_sign(name) if name else None
        if of_name is not None and (promise := self._promise(name, of_name)) is not None:
            return Mark("junk", f"{of_name.reason}, {promise.reason}")
        of_email = self._email_sign(email) if email else None
        if (name and of_name is None) or (email and of_email is None):
            return None
        others = (
            _phone_sign(fields["phone"]),
            self._text_sign("company", fields["company_name"]),
            self._text_sign("message", fields["message"]),
        )
        return _verdict([sign for sign in (of_name, of_email, *others) if sign is not None])

    def _is_plain(self, name: str) -> bool:
        """Most names end here: words with a capital each, none that starts like a listed one."""
        if not name.istitle() or not name.replace(" ", "").isalpha():
            return False
        starts = self._signs.name_starts
        return all(word[:START] not in starts for word in name.split())

    def _name_sign(self, name: str) -> _Sign | None:
        folded = fold(name)
        words = folded.split()
        if (found := self._signs["name"].find(folded)) is not None:
            return _strong(found)
        if words and all(word in self._signs["name_word"].values for word in words):
            return _strong(self._signs["name_word"].values[words[0]])
        if words and (run := self._run_in_all(words)) is not None:
            return _strong(run)
        if (found := self._signs["link"].find(name.casefold())) is not None:
            return _strong(found)
        raw_words = [word for word in name.split() if len(word) > 1]
        if raw_words and all(_is_random(word) for word in raw_words):
            return _Sign("junk", "random letters as a name")
        if _GLUED.fullmatch(name):
            return _Sign("junk", "name without a space", is_strong=False)
        return None

    def _run_in_all(self, words: list[str]) -> Sign | None:
        """Every word a dummy or a run of keys, once or repeated; at least one a run."""
        runs = [self._run(word) for word in words]
        dummies = self._signs["name_word"].values
        if all(run or word in dummies for run, word in zip(runs, words, strict=True)):
            return next((run for run in runs if run is not None), None)
        return None

    def _run(self, word: str) -> Sign | None:
        runs = self._signs["run"].values
        if word in runs:
            return runs[word]
        for size in range(2, len(word) // 2 + 1):
            unit = word[:size]
            if unit in runs and len(word) >= 2 * size and word == (unit * len(word))[: len(word)]:
                return runs[unit]
        return None

    def _promise(self, name: str, of_name: _Sign) -> Sign | None:
        """A link and a promise in one name are spam, whatever mailbox was stolen for it."""
        is_link = self._signs["link"].find(name.casefold()) is not None
        return self._signs["promise"].find(f" {name.casefold()} ") if is_link else None

    def _email_sign(self, email: str) -> _Sign | None:
        local, at, domain = email.strip().rpartition("@")
        lower, domain = local.casefold(), domain.casefold()
        if not at or not local or not domain:
            return _Sign("test", "no mailbox", is_strong=False)
        mailbox, _, tag = lower.partition("+")
        found = (
            self._signs["tag"].find(tag)
            or self._signs["reserved"].find(domain)
            or self._signs["mailbox"].find(mailbox)
            or self._run(mailbox)
            or self._sign_of_both(mailbox, domain.partition(".")[0])
        )
        if found is not None:
            return _strong(found)
        if domain in _GMAIL and _is_dotted(lower):
            return _Sign("junk", "a mailbox spelled with dots")
        if _is_random(local.partition("+")[0]) or _LONGEST_CONSONANTS.search(mailbox):
            return _Sign("junk", "random letters as a mailbox")
        weak = self._signs["reserved_weak"].find(domain)
        return None if weak is None else _Sign(weak.kind, weak.reason, is_strong=False)

    def _sign_of_both(self, mailbox: str, label: str) -> Sign | None:
        """Neither me@anna.com nor anna@test.de is a dummy, but a@a.com and test@mail.com are."""
        found = self._signs["domain"].find(label)
        is_dummy = mailbox == label or mailbox in self._signs["name_word"].values
        return found if is_dummy else None

    def _text_sign(self, name: SignName, text: str | None) -> _Sign | None:
        if not text or len(text) > 100:
            return None
        found = self._signs[name].find(fold(text))
        return None if found is None else _strong(found)


def _key_signs(content: Any, keys: Mapping[str, Mapping[str, Sign]], depth: int) -> Iterator[Sign]:
    """What the keys of a record, at any depth that webhooks have, say of it."""
    if isinstance(content, dict):
        # By the few keys of the list: a record has many.
        for name, values in keys.items():
            if name in content and (sign := values.get(str(content[name]).casefold())) is not None:
                yield sign
        content = content.values()
    elif not isinstance(content, list):
        return
    if depth < _DEEPEST:
        for part in content:
            if type(part) is dict or type(part) is list:
                yield from _key_signs(part, keys, depth + 1)


def _name_of(fields: Mapping[str, Any]) -> str:
    if whole := fields["full_name"]:
        return str(whole)
    return " ".join(part for part in (fields["first_name"], fields["last_name"]) if part)


def _strong(sign: Sign) -> _Sign:
    return _Sign(sign.kind, sign.reason)


def _verdict(signs: list[_Sign]) -> Mark | None:
    """Two strong signs, or one with two weak ones."""
    strong = [sign for sign in signs if sign.is_strong]
    if len(strong) < 2 and not (strong and len(signs) > 2):
        return None
    kind: NonPerson = "junk" if any(sign.kind == "junk" for sign in strong) else "test"
    return Mark(kind, ", ".join(dict.fromkeys(sign.reason for sign in signs)))


def _is_random(word: str) -> bool:
    return len(word) >= _LEAST_RANDOM and _CASE_SWITCHES.fullmatch(word) is not None


def _is_dotted(local: str) -> bool:
    """r.o.b.e.r.t@gmail.com, which is robert@gmail.com in a spelling that none has."""
    parts = local.split(".")
    return len(parts) >= _DOTTED_PARTS and all(len(part) <= 2 for part in parts)


def _phone_sign(phone: str | None) -> _Sign | None:
    digits = _NOT_DIGIT.sub("", phone or "")
    if not digits:
        return None
    if len(digits) < 5:
        return _Sign("test", "too few digits for a phone", is_strong=False)
    if len(digits) >= 6 and len(set(digits)) == 1:
        return _Sign("test", "a phone of one digit")
    if _longest_run(digits) >= max(6, 0.7 * len(digits)):
        return _Sign("test", "a phone of digits in a row")
    return None


def _longest_run(digits: str) -> int:
    """How many digits follow each other upwards or downwards at most, 9 and 0 as neighbours."""
    longest = 1
    for step in (1, 9):
        length = 1
        for left, right in itertools.pairwise(digits):
            is_next = (int(left) + step) % 10 == int(right)
            length = length + 1 if is_next else 1
            longest = max(longest, length)
    return longest


def content_of(payload: str | None) -> Any:
    """The record as received, from what is kept of it."""
    return json.loads(payload) if payload else None
