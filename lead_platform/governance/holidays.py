"""Days on which feeds are not judged by their usual week: `config/holidays.csv`."""

import datetime as dt
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from lead_platform.configuration import load_csv

# A day as any office of the feeds' has it: from the east of Asia's morning to the end of America's.
_EARLIER = dt.timedelta(hours=12)
_LATER = dt.timedelta(hours=12)


class Holiday(BaseModel):
    """One day on which people do not work."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: dt.date
    name: str = Field(min_length=1)

    @property
    def span(self) -> tuple[dt.datetime, dt.datetime]:
        """From when to when it is that day somewhere, in UTC."""
        midnight = dt.datetime.combine(self.date, dt.time())
        return midnight - _EARLIER, midnight + dt.timedelta(days=1) + _LATER


def load_holidays(config_dir: Path) -> list[Holiday]:
    """The days of the file; none where there is none. Raises ConfigurationError."""
    path = config_dir / "holidays.csv"
    return load_csv(path, Holiday) if path.exists() else []
