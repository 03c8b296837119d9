"""Synthetic people and their submissions, normalized, with the truth of who is who.

Owns what the shipped model is trained on and what matching is measured with: drawn from seeds
and short word lists, so it holds no personal data; surnames are those of a census and, behind them,
invented ones. The demo world is another matter: raw inquiries
through real channels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from lead_platform.identity.engine.specification import LinkageSpecification, read_shares

Strings = NDArray[np.object_]


def _split(text: str, separator: str = " ") -> list[str]:
    return text.split(separator)


_FIRST = _split(
    "james mary michael patricia robert jennifer john linda david elizabeth william barbara "
    "richard susan joseph jessica thomas karen christopher sarah charles lisa daniel nancy "
    "matthew sandra anthony ashley mark emily steven kimberly andrew betty paul margaret joshua "
    "donna kenneth michelle kevin carol brian amanda timothy melissa ronald deborah jason "
    "stephanie george rebecca edward sharon jeffrey laura ryan cynthia jacob dorothy nicholas amy "
    "gary kathleen eric angela jonathan shirley stephen emma larry brenda justin pamela scott "
    "nicole brandon anna benjamin samantha samuel katherine gregory christine alexander debra "
    "patrick rachel frank carolyn raymond janet jack maria dennis olivia jerry heather tyler "
    "helen aaron catherine jose diane henry julie adam victoria douglas joyce nathan lauren peter "
    "kelly zachary christina kyle ruth noah joan ethan virginia jeremy judith christian evelyn "
    "walter hannah keith andrea austin megan roger cheryl terry jacqueline sean madison gerald "
    "teresa carl abigail dylan sophia harold martha jordan sara jesse gloria bryan janice "
    "lawrence ann arthur isabella gabriel denise bruce beverly logan amber billy danielle joe "
    "theresa alan brittany juan diana elijah natalie willie rose albert kayla wayne alexis randy "
    "tiffany mason lori vincent marie liam priya wei ahmed fatima luis carmen hiroshi yuki lars "
    "ingrid piotr agnieszka giovanni chiara pierre camille mohammed aisha raj deepa carlos lucia"
)
_ONSETS = _split("b br c ch d dr f fl g gr h j k kl l m n p pr r s sch st t tr v w z")
_NUCLEI = _split("a e i o u ai au ei ie oo")
_CODAS = _split("ck d l ll lm m n nd ng r rd rt s sh st t th x")
_ENDINGS = _split("son man er ez ini ski sen ley ton well field berg stein s ard ova ic wood")
_COMPANY_WORDS = _split(
    "north blue bright summit river metro global prime apex core next open clear swift solid "
    "stone iron silver green cloud data net soft media health trade build energy food home auto"
)
_TITLES = _split(
    "chief executive officer|head of marketing|marketing manager|sales director|account executive|"
    "software engineer|it manager|data analyst|head of operations|operations manager|"
    "chief financial officer|finance manager|hr manager|product manager|vp sales|vp engineering|"
    "procurement manager|customer success manager|consultant|founder|office manager|student",
    "|",
)
_CITIES = _split(
    "new york/US|chicago/US|austin/US|seattle/US|denver/US|boston/US|atlanta/US|london/GB|"
    "manchester/GB|berlin/DE|munich/DE|hamburg/DE|paris/FR|lyon/FR|madrid/ES|barcelona/ES|"
    "milan/IT|rome/IT|amsterdam/NL|warsaw/PL|toronto/CA|vancouver/CA|mumbai/IN|delhi/IN|sydney/AU",
    "|",
)
_FREE_DOMAINS = ("gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "icloud.com")
_KEYBOARD = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class SyntheticPeople:
    """`submissions` has the columns of identity.normalized_submissions that matching reads;
    `truth` has submission_id and person."""

    submissions: pd.DataFrame
    truth: pd.DataFrame


def generate_people(
    submissions: int, *, seed: int, specification: LinkageSpecification
) -> SyntheticPeople:
    """About 1.7 submissions per person, with nicknames, typos, job changes and shared phones."""
    rng = np.random.default_rng(seed)
    count = max(2, int(submissions / 1.7))
    people = _draw_people(rng, count)
    repeats = np.minimum(rng.geometric(1 / 1.7, size=count), 8)
    person = np.repeat(np.arange(count), repeats)
    rng.shuffle(person)
    person = np.resize(person, submissions)
    frame = _draw_submissions(rng, people.iloc[person].reset_index(drop=True), specification)
    frame["submission_id"] = [f"sub_{seed}_{number:08d}" for number in range(submissions)]
    frame["received_seq"] = np.arange(1, submissions + 1)
    frame["match_record_id"] = _record_ids(frame)
    truth = pd.DataFrame({"submission_id": frame["submission_id"], "person": person})
    return SyntheticPeople(frame, truth)


def _pick(where: Any, yes: Any, no: Any = None) -> Strings:
    return np.where(where, yes, no)


def _draw_people(rng: np.random.Generator, count: int) -> pd.DataFrame:
    surnames = _surnames(rng, max(50, min(20_000, count // 3)))
    real = np.array(_census_surnames(), dtype=object)[: len(surnames)]
    surnames[: len(real)] = real
    first = _zipf(rng, np.array(_FIRST, dtype=object), count, 0.55)
    last = _zipf(rng, surnames, count, 0.75)
    double = rng.random(count) < 0.05
    last[double] = last[double] + " " + _zipf(rng, surnames, int(double.sum()), 0.75)
    companies = _companies(rng, max(5, count // 8))
    employer = companies.iloc[_zipf_index(rng, len(companies), count, 0.6)].reset_index(drop=True)
    next_employer = companies.iloc[rng.integers(0, len(companies), count)].reset_index(drop=True)
    number = rng.permutation(9_000_000)[:count]
    mobile = np.array([f"+1202{n + 1_000_000:07d}" for n in number], dtype=object)
    joined = np.array([name.replace(" ", "") for name in last], dtype=object)
    personal = _personal_mailboxes(rng, first, joined)
    people = pd.DataFrame({
        "first_name": first, "last_name": last, "mobile": mobile, "personal_email": personal,
        "job_title": _zipf(rng, np.array(_TITLES, dtype=object), count, 0.4),
        "linkedin": [f"https://www.linkedin.com/in/{f}-{s}-{n}"
                     for f, s, n in zip(first, joined, number, strict=True)],
        "works_remote": rng.random(count) < 0.2,
        "remote_place": _zipf(rng, np.array(_CITIES, dtype=object), count, 0.3),
    })  # fmt: skip
    pattern = rng.integers(0, 4, count)
    for prefix, job in (("", employer), ("next_", next_employer)):
        for column in ("company_name", "company_key", "company_domain", "switchboard", "place"):
            people[prefix + column] = job[column].to_numpy()
        people[prefix + "work_email"] = _work_mailboxes(
            first, joined, job["company_domain"].to_numpy(dtype=object), pattern
        )
    return people


def _draw_submissions(
    rng: np.random.Generator, people: pd.DataFrame, specification: LinkageSpecification
) -> pd.DataFrame:
    count = len(people)

    def chance(share: float) -> NDArray[np.bool_]:
        return rng.random(count) < share

    moved = chance(0.06)
    job = {
        column: _pick(moved, people["next_" + column], people[column])
        for column in ("company_name", "company_key", "company_domain", "switchboard", "place",
                       "work_email")
    }  # fmt: skip
    frame = pd.DataFrame(index=range(count))
    kind = rng.choice(4, size=count, p=[0.58, 0.22, 0.17, 0.03])
    role = "info@" + pd.Series(job["company_domain"], dtype=object)
    email = _pick(kind == 1, people["personal_email"], _pick(kind == 3, role))
    email = _pick(kind == 0, job["work_email"], email)
    email = _mistype(rng, email, chance(0.03), before="@")
    domain = pd.Series(email, dtype=object).str.split("@").str[1]
    frame["email"], frame["email_domain"] = email, domain
    frame["is_role_email"], frame["is_disposable_email"] = kind == 3, False
    frame["is_free_email"] = domain.isin(_FREE_DOMAINS)
    phone = _pick(chance(0.15), job["switchboard"], people["mobile"])
    phone = _mistype(rng, _pick(chance(0.6), phone, None), chance(0.02), digits=True)
    frame["phone"] = phone
    first, last = _draw_names(rng, people, specification)
    frame["first_name"], frame["last_name"] = first, last
    company = chance(0.75)
    frame["company_name"] = _pick(company, job["company_name"], None)
    typed = _mistype(rng, job["company_key"], chance(0.04))
    frame["company_key"] = _pick(company, typed, None)
    known_domain = (kind == 0) | (kind == 3) | chance(0.1)
    frame["company_domain"] = _pick(known_domain, job["company_domain"], None)
    frame["job_title"] = _pick(
        chance(0.12), rng.choice(np.array(_TITLES, dtype=object), count), people["job_title"]
    )
    frame.loc[chance(0.4), "job_title"] = None
    place = pd.Series(
        _pick(people["works_remote"], people["remote_place"], job["place"]), dtype=object
    ).str.split("/")
    frame["city"] = _pick(chance(0.45), place.str[0], None)
    frame["country"] = _pick(chance(0.7), place.str[1], None)
    frame["linkedin_url"] = _pick(chance(0.12), people["linkedin"], None)
    for column in ("region", "postal_code", "source_system", "source_person_id",
                   "merged_person_ids", "further_emails"):  # fmt: skip
        frame[column] = None
    return frame.astype(object).where(frame.notna(), None)


def _draw_names(
    rng: np.random.Generator, people: pd.DataFrame, spec: LinkageSpecification
) -> tuple[Strings, Strings]:
    def chance(share: float) -> NDArray[np.bool_]:
        return rng.random(len(people)) < share

    short: dict[str, list[str]] = {}
    for group in spec.nicknames:
        short.setdefault(group[0], []).extend(group[1:])
    first = people["first_name"].to_numpy(dtype=object).copy()
    last = people["last_name"].to_numpy(dtype=object).copy()
    for row in np.flatnonzero(chance(0.10)):
        names = short.get(first[row])
        if names:
            first[row] = names[int(rng.integers(len(names)))]
    for row in np.flatnonzero(chance(0.25)):
        last[row] = last[row].split(" ")[-1]
    first = _mistype(rng, first, chance(0.03))
    last = _mistype(rng, last, chance(0.03))
    initial = chance(0.025)
    first[initial] = [name[:1] for name in first[initial]]
    initial = chance(0.01)
    last[initial] = [name[:1] for name in last[initial]]
    swapped = chance(0.012)
    first[swapped], last[swapped] = last[swapped], first[swapped].copy()
    married = np.flatnonzero(chance(0.006))
    last[married] = rng.permutation(last)[: len(married)]
    nameless = chance(0.06)
    last[chance(0.04) | nameless] = None
    first[nameless] = None
    return first, last


def _mistype(
    rng: np.random.Generator,
    values: Strings,
    where: NDArray[np.bool_],
    *,
    before: str = "",
    digits: bool = False,
) -> Strings:
    """One wrong, missing, doubled or swapped character in the chosen values."""
    out = np.array(values, dtype=object)
    for row in np.flatnonzero(where):
        text = out[row]
        end = text.find(before) if isinstance(text, str) and before else len(text or "")
        if not text or end < 4:
            continue
        at = int(rng.integers(1, end - 1))
        alphabet = "0123456789" if digits else _KEYBOARD
        letter = alphabet[int(rng.integers(len(alphabet)))]
        edit = int(rng.integers(4))
        middle = (letter, "", text[at] * 2, text[at + 1] + text[at])[0 if digits else edit]
        out[row] = text[:at] + middle + text[at + (2 if middle[1:] and edit == 3 else 1) :]
    return out


def _census_surnames() -> list[str]:
    """Those of the United States, the commonest first."""
    lists = read_shares("last_names")
    return lists.filter(pc.equal(lists["list"], "us_census_1990"))["value"].to_pylist()


def _surnames(rng: np.random.Generator, count: int) -> Strings:
    names: dict[str, None] = {}
    while len(names) < count:
        parts = [rng.choice(np.array(p), size=count) for p in (_ONSETS, _NUCLEI, _CODAS, _ENDINGS)]
        extra = rng.choice(np.array(_ONSETS + [""] * 20), size=count)
        vowel = rng.choice(np.array(_NUCLEI), size=count)
        for o, n, c, e, x, v in zip(*parts, extra, vowel, strict=True):
            names[f"{o}{n}{c}{x + v if x else ''}{e}"] = None
    return np.array(list(names)[:count], dtype=object)


def _companies(rng: np.random.Generator, count: int) -> pd.DataFrame:
    words = np.array(_COMPANY_WORDS)
    stems = _surnames(rng, count)
    second = rng.choice(words, size=count)
    keys = [f"{stem} {word}" for stem, word in zip(stems, second, strict=True)]
    return pd.DataFrame({
        "company_name": [key.title() for key in keys],
        "company_key": keys,
        "company_domain": [key.replace(" ", "") + ".com" for key in keys],
        "switchboard": [f"+1303{n:07d}" for n in rng.permutation(8_000_000)[:count] + 1_000_000],
        "place": _zipf(rng, np.array(_CITIES, dtype=object), count, 0.3),
    })  # fmt: skip


def _work_mailboxes(
    first: Strings, last: Strings, domain: Strings, pattern: NDArray[np.int64]
) -> list[str]:
    forms = ("{f}.{l}", "{i}{l}", "{f}", "{f}{l}")
    local = pd.Series(
        [
            forms[p].format(f=f, l=name, i=f[0])
            for f, name, p in zip(first, last, pattern, strict=True)
        ]
    )
    # A company gives each mailbox to one person; namesakes get a number.
    taken = local.groupby([local, domain]).cumcount()
    number = taken.map(lambda before: str(before + 1) if before else "")
    return [f"{one}{n}@{d}" for one, n, d in zip(local, number, domain, strict=True)]


def _personal_mailboxes(rng: np.random.Generator, first: Strings, last: Strings) -> list[str]:
    number = rng.integers(1, 999, len(first))
    domain = rng.choice(np.array(_FREE_DOMAINS), size=len(first), p=[0.55, 0.15, 0.15, 0.1, 0.05])
    return [f"{f}.{name}{n}@{d}" for f, name, n, d in zip(first, last, number, domain, strict=True)]


def _zipf_index(
    rng: np.random.Generator, size: int, count: int, exponent: float
) -> NDArray[np.int64]:
    weights = 1 / np.arange(1, size + 1) ** exponent
    return rng.choice(size, size=count, p=weights / weights.sum())


def _zipf(rng: np.random.Generator, values: Strings, count: int, exponent: float) -> Strings:
    return values[_zipf_index(rng, len(values), count, exponent)]


def _record_ids(frame: pd.DataFrame) -> list[str]:
    """Equal fields, one record; without a mailbox of one's own or name and phone, each its own."""
    columns = ["email", "phone", "first_name", "last_name", "company_key", "company_domain",
               "city", "country", "job_title", "linkedin_url", "submission_id"]  # fmt: skip
    fields = frame[columns].fillna("").astype(str)
    is_named = (fields["first_name"] != "") & (fields["last_name"] != "")
    own_mailbox = (fields["email"] != "") & ~frame["is_role_email"].astype(bool)
    reachable = (fields["email"] != "") | (fields["phone"] != "")
    points_to_a_person = own_mailbox | (fields["linkedin_url"] != "") | (is_named & reachable)
    fields.loc[points_to_a_person, "submission_id"] = ""
    hashed = pd.util.hash_pandas_object(fields, index=False)
    return [f"rec_{value:016x}" for value in hashed]
