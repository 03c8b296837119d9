"""Drift audits: does the score, as it stood before the outcome, still separate won from lost?

Owns the statistics and the verdict per closed quarter. The scores are the dbt model
`scoring.closed_deal_scores`; when to audit is the schedule's business.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

Verdict = Literal["healthy", "weakening", "no_separation", "inverted", "not_enough_data"]

# Won and lost deals needed each. Detecting a standardised mean difference of 0.5 (Cohen's
# "medium"; Statistical Power Analysis for the Behavioral Sciences, 1988, table 2.4.1) with 80 %
# power at the two-sided 5 % level takes 64 per group; 30 detect one of 0.74. Below 30 the normal
# approximation of the interval of a skewed, bounded score is not to be trusted either.
MIN_SAMPLES: Final = 30
CONFIDENCE: Final = 0.95

AUDIT_COLUMNS: Final = (
    "audit_id",
    "quarter",
    "quarter_start_date",
    "scorecard_version",
    "won_count",
    "lost_count",
    "won_mean",
    "lost_mean",
    "gap",
    "gap_low",
    "gap_high",
    "gap_change",
    "gap_change_low",
    "gap_change_high",
    "auc",
    "verdict",
    "reason",
    "audited_at",
)
_COUNTS: Final = ("won_count", "lost_count")
_TEXTS: Final = ("audit_id", "quarter", "scorecard_version", "verdict", "reason")
_INSTANTS: Final = ("quarter_start_date", "audited_at")

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """A difference of means in points, its 95 % interval, its variance and degrees of freedom."""

    value: float
    low: float
    high: float
    variance: float
    freedom: float


@dataclass(frozen=True)
class Separation:
    """How one quarter's scores of won deals lie against those of lost deals."""

    won_count: int
    lost_count: int
    won_mean: float | None
    lost_mean: float | None
    gap: Difference | None
    auc: float | None


@dataclass(frozen=True)
class DriftAudit:
    """One row of scoring.drift_audits."""

    audit_id: str
    quarter: str
    quarter_start_date: datetime
    scorecard_version: str
    won_count: int
    lost_count: int
    won_mean: float | None
    lost_mean: float | None
    gap: float | None
    gap_low: float | None
    gap_high: float | None
    gap_change: float | None
    gap_change_low: float | None
    gap_change_high: float | None
    auc: float | None
    verdict: Verdict
    reason: str
    audited_at: datetime


def audit_quarters(
    deals: pd.DataFrame,
    *,
    audited_at: datetime,
    scorecard_version: str,
    min_samples: int = MIN_SAMPLES,
) -> pd.DataFrame:
    """One row per quarter that was over at `audited_at` and has closed deals.

    `deals`: rows of scoring.closed_deal_scores (scorecard_version, outcome_type, closed_at,
    total); rows of other versions and without a score do not count. Instants are UTC, naive.
    Raises ValueError when a column is missing or min_samples is below 2.
    """
    _check(deals, min_samples)
    usable = deals[(deals["scorecard_version"] == scorecard_version) & deals["total"].notna()]
    closed_at = pd.to_datetime(usable["closed_at"])
    quarters = closed_at.dt.to_period("Q")
    is_over = quarters.dt.end_time < _naive(audited_at)
    grouped = usable[is_over].groupby(quarters[is_over], sort=True)
    measured = {period: _separation(group) for period, group in grouped}
    audits = list(_audits(measured, _naive(audited_at), scorecard_version, min_samples))
    return _frame(audits)


def _check(deals: pd.DataFrame, min_samples: int) -> None:
    needed = ("scorecard_version", "outcome_type", "closed_at", "total")
    missing = [name for name in needed if name not in deals.columns]
    if missing:
        raise ValueError(
            f"The deals to audit lack the columns {', '.join(missing)}; "
            f"needed: {', '.join(needed)}. Read them from scoring.closed_deal_scores."
        )
    if min_samples < 2:
        raise ValueError(f"min_samples is {min_samples}; allowed: 2 or more, for a variance")


def _audits(
    measured: dict[pd.Period, Separation],
    audited_at: datetime,
    scorecard_version: str,
    min_samples: int,
) -> Iterator[DriftAudit]:
    for period, separation in measured.items():
        # The quarter right before, or none: a change over a hole in time is not a quarter's.
        before = measured.get(period - 1)
        comparable = before if before and _is_enough(before, min_samples) else None
        change = _change(separation, comparable) if comparable else None
        quarter = f"{period.year}-Q{period.quarter}"
        verdict, reason = _judge(separation, change, min_samples)
        gap = separation.gap
        yield DriftAudit(
            audit_id=_audit_id(quarter, scorecard_version),
            quarter=quarter,
            quarter_start_date=period.start_time.to_pydatetime(),
            scorecard_version=scorecard_version,
            won_count=separation.won_count,
            lost_count=separation.lost_count,
            won_mean=separation.won_mean,
            lost_mean=separation.lost_mean,
            gap=gap.value if gap else None,
            gap_low=gap.low if gap else None,
            gap_high=gap.high if gap else None,
            gap_change=change.value if change else None,
            gap_change_low=change.low if change else None,
            gap_change_high=change.high if change else None,
            auc=separation.auc,
            verdict=verdict,
            reason=reason,
            audited_at=audited_at,
        )


def _separation(deals: pd.DataFrame) -> Separation:
    won = deals.loc[deals["outcome_type"] == "closed_won", "total"].to_numpy(dtype=np.float64)
    lost = deals.loc[deals["outcome_type"] == "closed_lost", "total"].to_numpy(dtype=np.float64)
    return Separation(
        won_count=len(won),
        lost_count=len(lost),
        won_mean=float(won.mean()) if len(won) else None,
        lost_mean=float(lost.mean()) if len(lost) else None,
        gap=_welch(won, lost) if len(won) > 1 and len(lost) > 1 else None,
        auc=_auc(won, lost) if len(won) and len(lost) else None,
    )


def _welch(won: Scores, lost: Scores) -> Difference:
    """Won minus lost with the unequal-variances interval (Welch 1947)."""
    parts = (won.var(ddof=1) / len(won), lost.var(ddof=1) / len(lost))
    variance = float(sum(parts))
    spread = parts[0] ** 2 / (len(won) - 1) + parts[1] ** 2 / (len(lost) - 1)
    freedom = variance**2 / float(spread) if spread > 0 else float(len(won) + len(lost) - 2)
    return _difference(float(won.mean() - lost.mean()), variance, freedom)


def _change(now: Separation, before: Separation) -> Difference | None:
    """This quarter's gap minus the last one's; the quarters' deals are independent."""
    if now.gap is None or before.gap is None:
        return None
    variance = now.gap.variance + before.gap.variance
    # Satterthwaite's degrees of freedom once more, over the two gaps.
    spread = sum(gap.variance**2 / gap.freedom for gap in (now.gap, before.gap))
    freedom = variance**2 / spread if spread > 0 else now.gap.freedom + before.gap.freedom
    return _difference(now.gap.value - before.gap.value, variance, freedom)


def _difference(value: float, variance: float, freedom: float) -> Difference:
    margin = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * math.sqrt(variance)
    return Difference(value, value - margin, value + margin, variance, freedom)


def _auc(won: Scores, lost: Scores) -> float:
    """Chance that a won deal scored higher than a lost one, ties counting half."""
    ranks = stats.rankdata(np.concatenate([won, lost]))
    above = ranks[: len(won)].sum() - len(won) * (len(won) + 1) / 2
    return float(above / (len(won) * len(lost)))


def _is_enough(separation: Separation, min_samples: int) -> bool:
    return min(separation.won_count, separation.lost_count) >= min_samples


def _judge(
    separation: Separation, change: Difference | None, min_samples: int
) -> tuple[Verdict, str]:
    """The verdict and the sentence that states its grounds."""
    gap = separation.gap
    counts = f"{separation.won_count} won and {separation.lost_count} lost deals"
    if gap is None or not _is_enough(separation, min_samples):
        return (
            "not_enough_data",
            f"Only {counts} with a score; at least {min_samples} of each are needed to judge.",
        )
    interval = f"(95 % interval {gap.low:.1f} to {gap.high:.1f}, {counts})"
    if gap.high < 0:
        return (
            "inverted",
            f"Lost deals scored {-gap.value:.1f} points higher than won ones {interval}: "
            "the scorecard points the wrong way and needs recalibration.",
        )
    if gap.low <= 0:
        return (
            "no_separation",
            f"Won deals scored {gap.value:+.1f} points against lost ones {interval}: "
            "no difference that chance does not explain.",
        )
    scored_higher = f"Won deals scored {gap.value:.1f} points higher than lost ones {interval}"
    if change is not None and change.high < 0:
        return (
            "weakening",
            f"{scored_higher}, but the gap shrank by {-change.value:.1f} points against the "
            f"quarter before (95 % interval {-change.high:.1f} to {-change.low:.1f}).",
        )
    return "healthy", f"{scored_higher}; the gap has not shrunk beyond chance."


def _frame(audits: list[DriftAudit]) -> pd.DataFrame:
    frame = pd.DataFrame([asdict(audit) for audit in audits], columns=list(AUDIT_COLUMNS))
    decimals = [name for name in AUDIT_COLUMNS if name not in (*_COUNTS, *_TEXTS, *_INSTANTS)]
    types = dict.fromkeys(decimals, "float64") | dict.fromkeys(_COUNTS, "int32")
    types |= dict.fromkeys(_TEXTS, "str") | dict.fromkeys(_INSTANTS, "datetime64[us]")
    return frame.astype(types)


def _audit_id(quarter: str, scorecard_version: str) -> str:
    digest = hashlib.sha256(f"{quarter}\x1f{scorecard_version}".encode()).hexdigest()
    return f"aud_{digest[:24]}"


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
