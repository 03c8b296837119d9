"""Is a submission a person's? Vendor tests, dummies, junk and machines are kept, but no leads.

Precision comes first: a person with an odd name is a person. It takes a vendor's own marker, or
two independent signs while neither name nor mailbox speaks for somebody. The signs are the list
`config/vocabularies/non_persons.csv`; what is measured here (random letters, runs of digits) is
what no list can hold.
"""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from lead_platform.capture.values import readable_text
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
_LINK = Sign("junk", "link in a name")
_LINK_START = re.compile(r"https?://|www\.")


class Mark(NamedTuple):
    """Why a submission is no person's."""

    kind: NonPerson
    reason: str


class _Fact(NamedTuple):
    """A sign and the word that it was told by: spelled alike in two fields, it is one fact."""

    sign: Sign
    word: str | None = None


class KindReader:
    """Reads what a submission is from its fields and from what the vendor sent with it."""

    def __init__(self, signs: NonPersonSigns) -> None:
        self.version = signs.version
        self._signs = signs

    def read(self, fields: Mapping[str, Any], content: Any = None) -> Mark | None:
        """None for a person. `content`: the record as received, where it has a listed key."""
        if content is not None and (marked := self.of_vendor(content)) is not None:
            return marked
        name = _name_of(fields)
        if (marked := self._marker(name, fields)) is not None:
            return marked
        return None if name and self._is_plain(name) else self._dummy(name, fields)

    def stands(self, kind: str, reason: str | None) -> Mark | None:
        """What a vendor said of a record that is not kept with each of its submissions, as long as
        a key of the list says that."""
        listed = (
            sign for sign in self._signs.of_vendors if (sign.kind, sign.reason) == (kind, reason)
        )
        return next((Mark(sign.kind, sign.reason) for sign in listed), None)

    def of_vendor(self, *contents: Any) -> Mark | None:
        """What a key of the vendor's says in a record, or in one that a cell of it holds."""
        for sign in (sign for part in contents for sign in _key_signs(part, self._signs, 0)):
            return Mark(sign.kind, sign.reason)
        return None

    def _marker(self, name: str, fields: Mapping[str, Any]) -> Mark | None:
        """A text that only a vendor's test, sample or machine has."""
        email = fields["email"] or ""
        lines = f"{name}\n{email}\n{fields['phone']}\n{fields['company_name']}"
        found = self._signs["text"].find(lines.casefold())
        found = found or self._signs["address"].find(email.casefold())
        found = found or self._attendee(name, fields)
        return Mark(found.kind, found.reason) if found is not None else None

    def _attendee(self, name: str, fields: Mapping[str, Any]) -> Sign | None:
        """What a machine is called. Jamie Ai with a mailbox of his own is none."""
        found = self._signs["attendee"].find(" ".join(name.casefold().split()))
        return None if found is None or self._is_reached(fields) else found

    def _is_reached(self, fields: Mapping[str, Any]) -> bool:
        """Whether somebody is reached by this: at his own mailbox, or by phone without any."""
        if email := fields["email"]:
            domain = email.strip().casefold().rpartition("@")[2]
            return self._email_fact(email) is None and self._signs["maker"].find(domain) is None
        return bool(fields["phone"]) and _phone_fact(fields["phone"]) is None

    def _dummy(self, name: str, fields: Mapping[str, Any]) -> Mark | None:
        """Two independent signs, where neither name nor mailbox speaks for a person."""
        email = fields["email"]
        is_link = bool(name) and self._has_link(name, email)
        if is_link and (promise := self._signs["promise"].find(_without_links(name))) is not None:
            return Mark("junk", f"link in a name, {promise.reason}")
        of_name = self._name_fact(name) if name else None
        if is_link:
            of_name = of_name or _Fact(_LINK)
        of_email = self._email_fact(email) if email else None
        if (name and of_name is None) or (email and of_email is None):
            return None
        others = (
            _phone_fact(fields["phone"]),
            self._text_fact("company", fields["company_name"]),
            self._text_fact("message", fields["message"]),
        )
        return _verdict([fact for fact in (of_name, of_email, *others) if fact is not None])

    def _is_plain(self, name: str) -> bool:
        """Whether the name surely has no sign, as most: words with a capital each, none of which
        starts like a listed one. It spares them the long way, not what the others are asked."""
        if not name.istitle() or not name.replace(" ", "").isalpha():
            return False
        words = name if name.isascii() else fold(name).title()
        starts = self._signs.name_starts
        if self._signs.has_links_of_letters:
            return False
        return all(word[:START] not in starts for word in words.split())

    def _name_fact(self, name: str) -> _Fact | None:
        folded = fold(name)
        words = [bare for word in folded.split() if (bare := _without_number(word))]
        found = self._signs["name"].find(folded) or self._dummies(words) or self._runs(words)
        if found is not None:
            return _Fact(found, " ".join(dict.fromkeys(words)))
        raw_words = [word for word in name.split() if len(word) > 1]
        if raw_words and all(_is_random(word) for word in raw_words):
            return _Fact(Sign("junk", "random letters as a name"))
        if _GLUED.fullmatch(name):
            return _Fact(Sign("junk", "name without a space", is_strong=False))
        return None

    def _dummies(self, words: list[str]) -> Sign | None:
        """All words are those of dummies; one that nobody is called makes the name theirs."""
        listed = self._signs["name_word"].values
        if not words or not all(word in listed for word in words):
            return None
        return _strongest(listed[word] for word in words)

    def _runs(self, words: list[str]) -> Sign | None:
        """Every word a dummy or a run of keys, once or repeated; at least one a run."""
        runs = [self._run(word) for word in words]
        dummies = self._signs["name_word"].values
        if not all(run or word in dummies for run, word in zip(runs, words, strict=True)):
            return None
        found = [run for run in runs if run is not None]
        return replace(found[0], is_strong=True) if len(found) > 1 else _strongest(found)

    def _run(self, word: str) -> Sign | None:
        runs = self._signs["run"].values
        if word in runs:
            return runs[word]
        for size in range(2, len(word) // 2 + 1):
            unit = word[:size]
            if unit in runs and len(word) >= 2 * size and word == (unit * len(word))[: len(word)]:
                return replace(runs[unit], is_strong=True)
        return None

    def _has_link(self, name: str, email: str | None) -> bool:
        """A link in a name that does not lead to where the mailbox is."""
        if self._signs["link"].find(name.casefold()) is None:
            return False
        domain = (email or "").strip().casefold().rpartition("@")[2]
        hosts = [host for word in name.split() if (host := _host(word))]
        return not hosts or not domain or not all(_is_of(host, domain) for host in hosts)

    def _email_fact(self, email: str) -> _Fact | None:
        local, at, domain = email.strip().rpartition("@")
        lower, domain = local.casefold(), domain.casefold()
        if not at or not local or not domain:
            return _Fact(Sign("test", "no mailbox", is_strong=False))
        mailbox, _, tag = lower.partition("+")
        word = _without_number(mailbox) or mailbox
        listed = self._signs["mailbox"]
        found = _strongest(
            sign
            for sign in (
                self._signs["tag"].find(tag),
                self._signs["reserved"].find(domain),
                listed.find(mailbox) or listed.find(word),
                self._run(mailbox),
                self._sign_of_both(mailbox, domain.partition(".")[0]),
            )
            if sign is not None
        )
        if found is not None and found.is_strong:
            return _Fact(found, word)
        if domain in _GMAIL and _is_dotted(lower):
            return _Fact(Sign("junk", "a mailbox spelled with dots"))
        if _is_random(local.partition("+")[0]) or _LONGEST_CONSONANTS.search(mailbox):
            return _Fact(Sign("junk", "random letters as a mailbox"))
        return None if found is None else _Fact(found, word)

    def _sign_of_both(self, mailbox: str, label: str) -> Sign | None:
        """Neither me@anna.com nor anna@test.de is a dummy, but a@a.com and test@mail.com are."""
        if mailbox == label and (run := self._run(mailbox)) is not None:
            return replace(run, is_strong=True)
        is_dummy = mailbox == label or mailbox in self._signs["name_word"].values
        return self._signs["domain"].find(label) if is_dummy else None

    def _text_fact(self, name: SignName, text: str | None) -> _Fact | None:
        if not text or len(text) > 100:
            return None
        folded = fold(text)
        found = self._signs[name].find(folded)
        return None if found is None else _Fact(found, folded)


def _key_signs(content: Any, signs: NonPersonSigns, depth: int) -> Iterator[Sign]:
    """What the keys of a record, at any depth that webhooks have, say of it."""
    if isinstance(content, dict):
        for name, value in content.items():
            values = signs.keys.of(name) or (None if depth else signs.envelope.get(name))
            if values and (sign := values.get((readable_text(value) or "").casefold())) is not None:
                yield sign
        content = content.values()
    elif not isinstance(content, list):
        return
    if depth < _DEEPEST:
        for part in content:
            if type(part) is dict or type(part) is list:
                yield from _key_signs(part, signs, depth + 1)


def _name_of(fields: Mapping[str, Any]) -> str:
    if whole := fields["full_name"]:
        return str(whole)
    return " ".join(part for part in (fields["first_name"], fields["last_name"]) if part)


def _strongest(signs: Iterable[Sign]) -> Sign | None:
    """The first strong one, or the first where none is."""
    listed = list(signs)
    return next((sign for sign in listed if sign.is_strong), listed[0] if listed else None)


def _verdict(facts: list[_Fact]) -> Mark | None:
    """Two strong signs, or one with two weak ones that say other words."""
    strong = [fact for fact in facts if fact.sign.is_strong]
    told = {fact.word for fact in strong}
    weak = {
        fact.word or fact.sign.reason: fact
        for fact in facts
        if not fact.sign.is_strong and (fact.word is None or fact.word not in told)
    }
    if len(strong) < 2 and not (strong and len(weak) > 1):
        return None
    kind: NonPerson = "junk" if any(fact.sign.kind == "junk" for fact in strong) else "test"
    return Mark(kind, ", ".join(dict.fromkeys(fact.sign.reason for fact in facts)))


def _without_number(word: str) -> str:
    """test of test2, test_3; nothing of 123."""
    return word.rstrip("0123456789").rstrip("._-")


def _host(word: str) -> str:
    """Where a word of a name leads to, empty if nowhere."""
    lower = word.casefold()
    host = re.split("[/?#:]", lower.rpartition("://")[2])[0].strip("().,;<>[]\"'")
    is_host = host.rpartition(".")[2].isalpha() and "." in host
    return host.removeprefix("www.") if is_host else ""


def _is_of(host: str, domain: str) -> bool:
    return f".{host}".endswith(f".{domain}") or f".{domain}".endswith(f".{host}")


def _without_links(name: str) -> str:
    """What a name says beside its links, in lower case: www.casino-berlin.de promises nothing."""
    return " ".join(_before_link(word) for word in name.casefold().split())


def _before_link(word: str) -> str:
    """A link may follow without a space, as in "выигралhttps://t.me/x"."""
    if not _host(word):
        return word
    before, *behind = _LINK_START.split(word, maxsplit=1)
    return before if behind else ""


def _is_random(word: str) -> bool:
    return len(word) >= _LEAST_RANDOM and _CASE_SWITCHES.fullmatch(word) is not None


def _is_dotted(local: str) -> bool:
    """r.o.b.e.r.t@gmail.com, which is robert@gmail.com in a spelling that none has."""
    parts = local.split(".")
    return len(parts) >= _DOTTED_PARTS and all(len(part) <= 2 for part in parts)


def _phone_fact(phone: str | None) -> _Fact | None:
    digits = _NOT_DIGIT.sub("", phone or "")
    if not digits:
        return None
    if len(digits) < 5:
        return _Fact(Sign("test", "too few digits for a phone", is_strong=False))
    if len(digits) >= 6 and len(set(digits)) == 1:
        return _Fact(Sign("test", "a phone of one digit"))
    if _longest_run(digits) >= max(6, 0.7 * len(digits)):
        return _Fact(Sign("test", "a phone of digits in a row"))
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
