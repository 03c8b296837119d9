"""Time to normalise N submissions, nearly all of whose emails, phones and names are distinct.

Run: python benchmarks/normalization.py [rows]
"""

import random
import sys
import time
from pathlib import Path

import duckdb
import pandas as pd

from lead_platform.identity.normalization.submissions import normalize_submissions
from lead_platform.vocabularies.folder import load_vocabularies

ROOT = Path(__file__).resolve().parents[1]
SYLLABLES = ("an", "be", "cor", "da", "el", "fi", "gar", "ho", "in", "jo", "ka", "lu", "mar", "ne")
TITLES = ("VP of Marketing", "Head of Sales", "Sr. Software Engineer", "CEO", "IT Manager")
FORMS = ("Inc.", "GmbH", "Ltd", "S.A.", "LLC", "")
AREAS = {"US": ("+1 ({a}) {b}-{c}", (201, 212, 305, 415, 617)), "GB": ("07{a}{b}{c}", (400, 500))}


def word(rng: random.Random, syllables: int) -> str:
    return "".join(rng.choice(SYLLABLES) for _ in range(syllables)).title()


def submission(rng: random.Random, number: int) -> dict[str, object]:
    first, last, company = word(rng, 2), word(rng, 3), f"{word(rng, 3)} {rng.choice(FORMS)}"
    country = rng.choice(["US", "GB"])
    shape, areas = AREAS[country]
    a, b, c = rng.choice(areas), rng.randint(220, 989), rng.randint(1000, 9999)
    return {
        "submission_id": f"sub_{number}",
        "channel": "web_form",
        "source_system": "web",
        "received_seq": number,
        "submitted_at": pd.Timestamp("2026-01-01") + pd.Timedelta(seconds=number),
        "full_name": f"{first} {last}".upper() if rng.random() < 0.1 else f"{first} {last}",
        "email": f"{first}.{last}{number}@{company.split()[0]}.com",
        "phone": shape.format(a=a, b=b, c=c if country == "US" else c // 10),
        "job_title": f"{rng.choice(TITLES)} {word(rng, 2) if rng.random() < 0.2 else ''}",
        "company_name": company,
        "company_website": f"https://www.{company.split()[0]}.com/contact",
        "country": {"US": "United States", "GB": "UK"}[country],
        "region": "California" if country == "US" else None,
        "city": word(rng, 2).lower(),
        "industry": rng.choice(["SaaS", "Computer Software", "Banking", "Odd trade"]),
        "employee_count": rng.choice(["51-200", "1,000+", "12"]),
        "message": f"Please call me about {word(rng, 4)}.\nThanks",
        "source": rng.choice(["Google", "fb", "Direct Traffic"]),
        "language": "en-US",
    }


def submissions(rows: int) -> pd.DataFrame:
    """Rows of capture.submissions, the same for the same number."""
    rng = random.Random(7)
    with duckdb.connect() as connection:
        connection.execute("create schema capture")
        connection.execute((ROOT / "lead_platform" / "capture" / "tables.sql").read_text())
        empty = connection.table("capture.submissions").df()
    frame = pd.DataFrame([submission(rng, n) for n in range(rows)])
    return frame.reindex(columns=empty.columns).astype({"consent_at": "datetime64[us]"})


def main(rows: int) -> None:
    """Prints seconds on the clock and of the processor, and the share of filled fields."""
    frame = submissions(rows)
    vocabularies = load_vocabularies(ROOT / "config")
    clock, processor = time.perf_counter(), time.process_time()
    result = normalize_submissions(frame, vocabularies)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    shares = result[["email", "phone", "full_name", "company_key"]].notna().mean().round(3)
    print(f"{rows:,} submissions in {clock:.1f} s, {processor:.1f} s of one processor")
    print(f"filled: {shares.to_dict()}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
