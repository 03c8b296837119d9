"""Where things live: settings from the environment, and what is said where they cannot be used."""

import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.cli.main import app, main
from lead_platform.lake.connection import attach_lake, attach_statement
from lead_platform.lake.lake import Lake
from lead_platform.lake.postgres import DatabaseUnreachableError
from lead_platform.settings import Settings, SettingsError

SECRET = "p@ss word/1"
QUOTED_SECRET = "p%40ss%20word%2F1"
# Nothing listens on port 1, so the refusal is immediate.
UNREACHABLE = f"postgresql://lead:{QUOTED_SECRET}@127.0.0.1:1/leads"


def assert_secret_is_kept(text: str) -> None:
    """Neither as it stands in the URL nor decoded."""
    assert SECRET not in text
    assert QUOTED_SECRET not in text


def test_nothing_set_is_the_embedded_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings()
    assert settings.profile == "embedded"
    assert settings.home == tmp_path / ".lead_platform"
    assert settings.lake_catalog.parent == tmp_path / ".lead_platform" / "lake"
    assert settings.expectations_dir.is_dir()


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LEAD_PLATFORM_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("LEAD_PLATFORM_DATABASE_URL", UNREACHABLE)
    monkeypatch.setenv("LEAD_PLATFORM_LAKE_DATA", "s3://bucket/leads/")
    settings = Settings()
    assert settings.profile == "server"
    assert settings.home == tmp_path / "elsewhere"
    assert settings.lake_data_path == "s3://bucket/leads/"


@pytest.mark.parametrize("data", ["data", "data/", "./data/"])
def test_a_relative_data_folder_is_one_place_whatever_is_done_then(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: str
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(lake_data=data)
    monkeypatch.chdir("/")
    assert settings.lake_data_path == f"{tmp_path}/data/"


NUMBERS = sorted(
    name for name, field in Settings.model_fields.items() if field.annotation in (int, float)
)


@given(name=st.sampled_from(NUMBERS), value=st.one_of(st.integers(), st.floats()))
def test_every_number_is_refused_by_name_or_of_use(name: str, value: float) -> None:
    """`LEAD_PLATFORM_QUERY_SECONDS=-5` was taken, and "[Errno 22] Invalid argument" the answer."""
    try:
        taken = getattr(Settings(**{name: value}), name)
    except SettingsError:
        told = re.escape(f"LEAD_PLATFORM_{name.upper()} is {value!r}; allowed: ")
        with pytest.raises(SettingsError, match=told):
            Settings(**{name: value})
        return
    assert 0 <= taken < 2**31
    unit = name.rsplit("_", 1)[-1]
    if unit in ("days", "hours", "minutes", "seconds"):
        assert datetime(2026, 1, 1) - timedelta(**{unit: taken}) > datetime(1900, 1, 1)


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "1e300", "ten", ""])
@pytest.mark.parametrize("name", NUMBERS)
def test_no_number_is_without_bounds(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = f"LEAD_PLATFORM_{name.upper()}"
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=re.escape(f"{variable} is {value!r}; allowed: ")):
        Settings()


@pytest.mark.parametrize("size", ["0MB", "0.0001KB", f"{'9' * 400}GB", "5000TiB", "-1GB", "٣GB"])
def test_a_size_is_one_that_can_be_had(size: str) -> None:
    with pytest.raises(SettingsError, match=r"LEAD_PLATFORM_QUERY_MEMORY is .* allowed: a size"):
        Settings(query_memory=size)


def test_an_empty_database_url_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAD_PLATFORM_DATABASE_URL", "")
    assert Settings().profile == "embedded"


@pytest.mark.parametrize("scheme", ["mysql", "sqlite", "postgres+psycopg2"])
def test_a_wrong_database_url_does_not_leak_its_password(scheme: str) -> None:
    url = UNREACHABLE.replace("postgresql", scheme)
    with pytest.raises(SettingsError) as error:
        Settings(database_url=url)
    for text in (str(error.value), repr(error.value)):
        assert_secret_is_kept(text)
        assert repr(scheme) in text
        assert "postgresql://user:password@host:port/database" in text


def test_settings_do_not_show_the_password() -> None:
    settings = Settings(database_url=UNREACHABLE)
    assert_secret_is_kept(repr(settings))
    assert_secret_is_kept(str(settings))


def test_an_unreachable_database_is_named_without_its_password(tmp_path: Path) -> None:
    lake = Lake(Settings(home=tmp_path / "home", database_url=UNREACHABLE))
    with pytest.raises(DatabaseUnreachableError) as error:
        lake.published()
    text = str(error.value)
    assert_secret_is_kept(text)
    assert "PostgreSQL at 127.0.0.1:1/leads" in text
    assert "LEAD_PLATFORM_DATABASE_URL" in text
    assert error.value.__cause__ is None


def test_attaching_says_no_password_either(tmp_path: Path) -> None:
    from lead_platform.lake.connection import LakeUnreachableError, open_engine

    settings = Settings(home=tmp_path, database_url=UNREACHABLE)
    with pytest.raises(LakeUnreachableError) as error:
        attach_lake(open_engine(settings), settings)
    assert_secret_is_kept(str(error.value))
    assert "PostgreSQL at 127.0.0.1:1/leads" in str(error.value)


def test_the_attach_statement_quotes_what_needs_it(tmp_path: Path) -> None:
    # Passwords and folders with quotes, blanks and backslashes once broke the statement.
    url = r"postgresql://lead:it%27s%5C%20me@db.example.org:5433/leads?sslmode=require"
    statement = attach_statement(Settings(home=tmp_path / "it's home", database_url=url))
    assert r"password=''it\''s\\ me''" in statement.replace(r"\\'", r"\'")
    assert "port=5433" in statement
    assert "sslmode=require" in statement
    assert "it''s home" in statement


def test_a_home_with_blanks_and_quotes_works(tmp_path: Path) -> None:
    lake = Lake(Settings(home=tmp_path / "it's a home"))
    assert lake.published().status == "passed"


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    # A path below a file: not even root can make a folder there.
    blocker = tmp_path / "file"
    blocker.touch()
    home = blocker / "home"
    with pytest.raises(SettingsError) as error:
        Settings(home=home).prepare_home()
    text = str(error.value)
    assert str(home) in text
    assert "Not a directory" in text
    assert "LEAD_PLATFORM_HOME" in text
    with pytest.raises(SettingsError):
        Lake(Settings(home=home)).published()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_without_write_permission(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    with pytest.raises(SettingsError, match=re.escape(str(home))):
        Settings(home=home).prepare_home()


def test_a_catalog_that_is_no_database(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    settings.prepare_home()
    settings.lake_catalog.write_text("this is no SQLite file " * 100, encoding="utf-8")
    with pytest.raises(Exception, match=r"Cannot open the lake in the SQLite catalog") as error:
        Lake(settings).published()
    assert str(settings.lake_catalog) in str(error.value)
    assert "LEAD_PLATFORM_HOME" in str(error.value)


def test_a_home_is_prepared_by_several_at_once(tmp_path: Path) -> None:
    """Two processes that opened one home probed it under one name, and the second was refused."""
    settings = Settings(home=tmp_path / "home")
    with ThreadPoolExecutor(4) as several:
        for prepared in [several.submit(settings.prepare_home) for _ in range(400)]:
            prepared.result()
    assert not [path for path in settings.home.iterdir() if path.is_file()]


WRONG = {
    "HOME": ["", "~nobody-of-this-name/leads"],
    "CONFIG_DIR": [""],
    "EXPECTATIONS_DIR": ["~nobody-of-this-name"],
    "DBT_PROJECT_DIR": [""],
    "LAKE_DATA": ["s3:/bucket/leads", "ftp://host/leads", "~nobody-of-this-name/data"],
    "DATABASE_URL": [
        "leads",
        "sqlite:///leads.db",
        "postgresql://u:s3cret@host:port/leads",
        "postgresql://u:s3cret/x@host/leads",
        "postgresql://u:s3cret@[::1/leads",
        "postgresql://u:s3cret@host:99999/leads",
    ],
    "UI_ADDRESS": ["", "two words", "http://localhost"],
    "QUERY_MEMORY": ["", "much", "0MB"],
    **{name.upper(): ["", "-1", "ten", "nan"] for name in NUMBERS},
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_what_is_wrong_is_told_in_a_line(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pydantic's own words took four lines, and a folder of nobody's, or a port of letters, a
    traceback; an empty address had the UI listen on all of the machine's."""
    monkeypatch.setenv(f"LEAD_PLATFORM_{name}", value)
    with pytest.raises(SettingsError) as error:
        Settings()
    told = str(error.value)
    assert "\n" not in told
    assert told.startswith(f"LEAD_PLATFORM_{name} ")
    assert "allowed: " in told
    assert "Correct it, or unset it" in told
    assert "s3cret" not in told + repr(error.value)
    assert error.value.__context__ is None or name != "DATABASE_URL"


def test_all_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAD_PLATFORM_MAX_RUN_SECONDS", "soon")
    monkeypatch.setenv("LEAD_PLATFORM_DATABASE_URL", "leads")
    with pytest.raises(SettingsError) as error:
        Settings()
    assert [line.split(" ")[0] for line in str(error.value).splitlines()] == [
        "LEAD_PLATFORM_DATABASE_URL",
        "LEAD_PLATFORM_MAX_RUN_SECONDS",
    ]


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command there is, by its words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = {" ".join(path): command for path, command in commands(typer.main.get_group(app))}
# What a command asks for besides what it cannot do without.
ASKED = {
    "sql": ["select 1"],
    "link": ["leads.csv", "--guess"],
    "accounts decide": ["pair", "same"],
    "reviews decide": ["rev_1", "same"],
    "quarantine release": ["qua_1"],
    "quarantine discard": ["qua_1"],
    "merges undo": ["dec_1"],
    "reviews withdraw": ["act_1"],
}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_tells_a_wrong_setting(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """In one line and without a traceback, before it does anything."""
    monkeypatch.setenv("LEAD_PLATFORM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LEAD_PLATFORM_READER_LIMIT_HOURS", "a day")
    given = list(ASKED.get(name, ()))
    for parameter in COMMANDS[name].params:
        is_option = parameter.param_type_name == "option"
        is_given = name in ASKED and not is_option
        if parameter.required and not is_given:
            given += [parameter.opts[0], "1"] if is_option else ["1"]
    # It would hold for all tests that follow.
    monkeypatch.setattr("lead_platform.cli.main.keep_files_private", lambda: None)
    monkeypatch.setattr(sys, "argv", ["lead-platform", *name.split(), *given])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert ended.value.code == 1, told.err
    assert told.out == ""
    assert told.err.splitlines() == [
        "LEAD_PLATFORM_READER_LIMIT_HOURS is 'a day'; allowed: a valid number, unable to parse "
        "string as a number. Correct it, or unset it for the default (24.0)."
    ]
    assert not (tmp_path / "home").exists()
