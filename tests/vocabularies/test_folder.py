import shutil
from collections import Counter
from pathlib import Path

import pytest

from lead_platform.configuration import ConfigurationError
from lead_platform.vocabularies.folder import load_intake_lists, load_vocabularies

CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    shutil.copytree(CONFIG / "vocabularies", tmp_path / "vocabularies")
    return tmp_path


def append(config: Path, file_name: str, line: str) -> None:
    path = config / "vocabularies" / file_name
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")


def test_every_fault_of_every_file_is_told_at_once(config: Path) -> None:
    append(config, "industries.csv", "widgets,widgetry")
    append(config, "sources.csv", "google,bing")
    append(config, "seniorities.csv", "(broken,vp")
    append(config, "countries.csv", "Ruritania,Rur")
    (config / "vocabularies" / "pages.csv").unlink()
    with pytest.raises(ConfigurationError) as error:
        load_vocabularies(config)
    told = "\n".join(error.value.faults)
    assert "industries.csv" in told
    assert "'widgetry'" in told
    assert "'google' stands for 'google' and 'bing'; keep one" in told
    assert "is not a regular expression" in told
    assert "ISO 3166-1 alpha-2" in told
    assert "pages.csv: file not found" in told


def test_an_edit_changes_the_version(config: Path) -> None:
    before = load_vocabularies(config)
    assert load_vocabularies(config).version == before.version
    append(config, "industries.csv", "widgets,manufacturing")
    after = load_vocabularies(config)
    assert after.version != before.version
    assert before.industries.find("Widgets") is None
    assert after.industries.find("Widgets") == "manufacturing"


def test_the_first_rule_that_matches_wins(config: Path) -> None:
    path = config / "vocabularies" / "seniorities.csv"
    header, *rules = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header, "wizard,director", *rules, "wizard,intern"]))
    assert load_vocabularies(config).seniorities.find("chief wizard") == "director"


def test_an_exact_alias_wins_over_a_wildcard(config: Path) -> None:
    append(config, "industries.csv", "odd *,media")
    append(config, "industries.csv", "odd trade,retail")
    industries = load_vocabularies(config).industries
    assert industries.find("Odd Trade") == "retail"
    assert industries.find("odd things") == "media"
    assert industries.find("oddthings") is None


def test_a_word_that_agrees_and_says_nothing_is_a_fault(config: Path) -> None:
    append(config, "consents.csv", "subscribed,not_stated")
    for load in (load_vocabularies, load_intake_lists):
        with pytest.raises(ConfigurationError, match="'granted' and 'not_stated'; keep one"):
            load(config)


def test_a_state_of_no_consent_is_no_word_of_consent(config: Path) -> None:
    append(config, "consents.csv", "on holiday,not_stated")
    assert load_vocabularies(config).consents.find("on holiday") is None
    assert load_intake_lists(config).states_no_consent("On Holiday")


@pytest.mark.parametrize("name", ["field_names", "quantities", "role_mailboxes", "placeholders"])
def test_no_row_stands_twice(name: str) -> None:
    """Of two rows for one name, an edit reached the one that did not count."""
    path = CONFIG / "vocabularies" / f"{name}.csv"
    _, *rows = path.read_text(encoding="utf-8").splitlines()
    assert [row for row, count in Counter(rows).items() if count > 1] == []
