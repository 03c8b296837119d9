"""Where things live: the home folder, the configuration, the databases.

Everything comes from the environment (prefix `LEAD_PLATFORM_`); nothing else reads it.
"""

import errno
import functools
import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent

_PREFIX = "LEAD_PLATFORM_"

# What clocks, timers and databases take: neither negative nor endless.
_YEAR_SECONDS = 31_536_000
_Seconds = Annotated[float, Field(ge=0, le=_YEAR_SECONDS, allow_inf_nan=False)]
_Minutes = Annotated[float, Field(ge=0, le=_YEAR_SECONDS / 60, allow_inf_nan=False)]
_Hours = Annotated[float, Field(ge=0, le=876_000, allow_inf_nan=False)]
_Days = Annotated[float, Field(ge=0, le=36_500, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0, le=1_000_000_000)]

# What is parsed until it is written lies in folders of the home that begin so; it is made again.
SPOOL_PREFIX = "intake-"


class SettingsError(Exception):
    """A setting that cannot be used: names it, its value and the next step."""


def keep_files_private() -> None:
    """Let this process write what only its user may read: a home is full of personal data."""
    os.umask(0o077)


def close_to_others(folder: Path) -> None:
    """Take a folder from everybody but its owner; where that is somebody else, he decides."""
    if stat.S_IMODE(folder.stat().st_mode) & 0o077 and folder.stat().st_uid == os.geteuid():
        folder.chmod(0o700)


class Settings(BaseSettings):
    """The settings of one installation.

    Nothing to set gives the embedded profile (SQLite catalog, local files); a `database_url`
    (`postgresql://user:password@host:port/database`) gives the server profile.
    """

    # A refused database URL may hold a password: errors do not repeat what they were given.
    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    home: Path = Path(".lead_platform")
    database_url: str | None = Field(default=None, repr=False)
    config_dir: Path = PROJECT_ROOT / "config"
    expectations_dir: Path = PROJECT_ROOT / "expectations"
    dbt_project_dir: Path = PROJECT_ROOT / "dbt_project"
    lake_data: str | None = None
    lock_timeout_seconds: _Seconds = 600.0
    fine_snapshot_days: _Days = 2.0
    snapshot_spacing_hours: _Hours = Field(default=24.0, gt=0)
    snapshot_retention_days: _Days = 30.0
    reader_limit_hours: _Hours = 24.0
    record_retention_days: _Days = 90.0
    audit_retention_days: _Days = 1095.0
    run_retention_days: _Days = 30.0
    run_retention_count: _Count = 1000
    max_run_seconds: int = Field(default=7200, gt=0, le=_YEAR_SECONDS)
    ui_address: str = "127.0.0.1"
    ui_hosts: str = ""
    query_seconds: _Seconds = Field(default=300.0, gt=0)
    query_memory: str = "2GB"
    alert_urls: str = Field(default="", repr=False)
    alert_minutes: _Minutes = 15.0
    alert_set_aside: _Count = 20
    catch_up_rows: _Count = 2_000

    @model_validator(mode="wrap")
    @classmethod
    def _told(cls, given: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        """Say what is wrong in a line for each setting; a value may be a secret, so none is
        repeated here."""
        try:
            return validate(given)
        except ValidationError as error:
            faults = [_fault(cls, each["loc"], each["msg"]) for each in error.errors()]
        raise SettingsError("\n".join(faults))

    @field_validator("*", mode="wrap")
    @classmethod
    def _named(
        cls, given: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        """Name a number that is refused; of other settings the value may be a secret."""
        if given == "" and cls.model_fields[info.field_name or ""].annotation is Path:
            raise ValueError(f"{_variable(info.field_name)} is empty; allowed: a folder")
        try:
            return validate(given)
        except ValidationError as error:
            name = info.field_name or ""
            if cls.model_fields[name].annotation not in (int, float):
                raise
            told = error.errors()[0]["msg"].removeprefix("Input should be ")
            raise ValueError(f"{_variable(name)} is {given!r}; allowed: {told}") from None

    @field_validator("query_memory")
    @classmethod
    def _size(cls, size: str) -> str:
        is_size = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})? ?[KMGT]i?B", size)
        if not is_size or not 1_000_000 <= _bytes(size) <= 10**15:
            raise ValueError(
                f"LEAD_PLATFORM_QUERY_MEMORY is {size!r}; allowed: a size from 1MB to 1000TB, such "
                "as 500MB or 4GB"
            )
        return size

    @field_validator("home", "config_dir", "expectations_dir", "dbt_project_dir")
    @classmethod
    def _absolute(cls, path: Path, info: ValidationInfo) -> Path:
        return _folder(str(info.field_name), path)

    @field_validator("lake_data")
    @classmethod
    def _absolute_folder(cls, place: str | None) -> str | None:
        """A folder as `home` is; the address of an object store as it stands."""
        if not place:
            return None
        scheme = _SCHEME.match(place)
        if scheme is None:
            return f"{_folder('lake_data', Path(place))}/"
        if scheme[1] not in _OBJECT_STORES or not scheme[2]:
            stores = ", ".join(f"{store}://" for store in _OBJECT_STORES)
            raise ValueError(
                f"LEAD_PLATFORM_LAKE_DATA begins with {scheme.group()!r}; allowed: a folder, or "
                f"the address of an object store ({stores})"
            )
        return place

    @field_validator("ui_address")
    @classmethod
    def _address(cls, address: str) -> str:
        """An empty one would be every address of the machine."""
        if not _HOST.fullmatch(address):
            raise ValueError(
                f"LEAD_PLATFORM_UI_ADDRESS is {address!r}; allowed: an IP address or the name of a "
                "machine"
            )
        return address

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, url: str | None) -> str | None:
        if url and not url.startswith(("postgresql://", "postgres://")):
            # The value may hold a password, so only its scheme is shown.
            scheme, is_told, _ = url.partition("://")
            begin = f"starts with {scheme!r}" if is_told else "has no scheme"
            raise ValueError(
                f"LEAD_PLATFORM_DATABASE_URL {begin}; allowed: "
                "postgresql://user:password@host:port/database, or unset for the embedded profile"
            )
        if url:
            _check_parts(url)
        return url or None

    @property
    def query_memory_bytes(self) -> int:
        """`query_memory`, read as DuckDB reads it."""
        return _bytes(self.query_memory)

    @property
    def profile(self) -> str:
        """`embedded` or `server`."""
        return "server" if self.database_url else "embedded"

    @property
    def inbox(self) -> Path:
        """Where files arrive: one folder per channel."""
        return self.home / "inbox"

    @property
    def left_files(self) -> Path:
        """Why the files are in the inbox that a run has left there."""
        return self.home / "left_files.json"

    @property
    def being_read(self) -> Path:
        """Notes of which files processes are reading."""
        return self.home / "being_read"

    @property
    def archive(self) -> Path:
        """Where files go once taken in."""
        return self.home / "archive"

    @property
    def reference(self) -> Path:
        """Where reference tables lie, such as firmographics by domain."""
        return self.home / "reference"

    @property
    def models(self) -> Path:
        """Where trained matching models lie, and which of them is at work."""
        return self.home / "models"

    @property
    def alerts(self) -> Path:
        """What people are told of, and what has been told."""
        return self.home / "alerts"

    @property
    def restoring(self) -> Path:
        """What a backup's home is copied to before it takes the place of what is there."""
        return self.home / "restoring"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage and configuration."""
        return self.home / "dagster"

    @property
    def lake_catalog(self) -> Path:
        """The SQLite catalog of the embedded profile."""
        return self.home / "lake" / "catalog.sqlite"

    @property
    def lake_data_path(self) -> str:
        """Where the lake's Parquet files lie: a folder or an object store address."""
        return self.lake_data or f"{self.home / 'lake' / 'data'}/"

    def close_home(self) -> None:
        """Bar others' way into a home that an earlier version left open, where that may be done."""
        with suppress(OSError):
            close_to_others(self.home)

    def prepare_home(self) -> None:
        """Create the folders, for nobody but their owner. Raises SettingsError where it cannot.

        From then on all that this process and those it starts write is private too.
        """
        keep_files_private()
        folders = [self.inbox, self.archive, self.reference, self.dagster_home]
        folders.append(self.lake_catalog.parent)
        if "://" not in self.lake_data_path:
            folders.append(Path(self.lake_data_path))
        try:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            # An earlier home stands open: closing its outermost folders bars the way to all in it.
            for folder in (self.home, *folders):
                close_to_others(folder)
            # Of a name of its own: another process may be probing too.
            with tempfile.TemporaryFile(dir=self.home):
                pass
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise SettingsError(
                    f"The disk is full: the home folder {self.home} takes no more. "
                    "Free space there, then run it again; nothing was half-written."
                ) from None
            raise SettingsError(
                f"The home folder {self.home} cannot be written ({error.strerror}). "
                "Set LEAD_PLATFORM_HOME to a folder you may write, or change its permissions."
            ) from None


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/(/?)")
_OBJECT_STORES = ("s3", "gs", "gcs", "r2", "az", "azure", "abfss")
_HOST = re.compile(r"(?!.*\.\.)[A-Za-z0-9_:][A-Za-z0-9_.:%-]{0,252}")


def _variable(name: object) -> str:
    return f"LEAD_PLATFORM_{str(name).upper()}"


def _fault(settings: type[Settings], place: tuple[int | str, ...], told: str) -> str:
    """What is wrong with a setting, and the next step, in a line."""
    name = str(place[0]) if place else ""
    variable, told = _variable(name), told.removeprefix("Value error, ")
    said = told if told.startswith(variable) else f"{variable} cannot be used: {told}"
    field = settings.model_fields.get(name)
    default = "" if field is None or field.default in (None, "") else f" ({field.default})"
    return f"{said}. Correct it, or unset it for the default{default}."


def _folder(name: str, path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise ValueError(
            f"{_variable(name)} is {str(path)!r}; allowed: a folder, with ~ only for a user that "
            "there is"
        ) from None


def _check_parts(url: str) -> None:
    """Raises ValueError, which repeats nothing of the URL: a sign in the password may have split
    it."""
    try:
        is_whole = urlsplit(url).port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ValueError(
            "LEAD_PLATFORM_DATABASE_URL cannot be taken apart: its port is no number from 1 to "
            "65535, or a bracket is open; allowed: postgresql://user:password@host:port/database, "
            "with /, :, @, ?, # and brackets in a password written as %2F, %3A, %40, %3F, %23, "
            "%5B, %5D"
        )


def _bytes(size: str) -> int:
    number, letter, binary = re.findall(r"([\d.]+) ?([KMGT])(i?)B", size)[0]
    return int(float(number) * (1024 if binary else 1000) ** ("KMGT".index(letter) + 1))


def process_settings() -> Settings:
    """The settings of this process: validated anew only where its environment has changed.

    Raises SettingsError.
    """
    told = tuple(
        sorted(
            (name, value) for name, value in os.environ.items() if name.upper().startswith(_PREFIX)
        )
    )
    return _settings_of(told, Path.cwd())


@functools.lru_cache(maxsize=8)
def _settings_of(environment: tuple[tuple[str, str], ...], folder: Path) -> Settings:
    return Settings()
