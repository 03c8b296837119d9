"""Values as people have them: numbers, phones, countries, names, sources (field cases 04 to 25)."""

import csv
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lead_platform.capture.channels import Channel, load_channel
from lead_platform.capture.preview import FilePreview, preview_file
from lead_platform.identity.normalization.categories import normalize_category
from lead_platform.identity.normalization.names import normalize_name
from lead_platform.identity.normalization.places import normalize_country
from lead_platform.identity.normalization.previews import item_normalizer
from lead_platform.vocabularies.folder import load_vocabularies
from lead_platform.vocabularies.tables import Vocabularies

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LEAD_PLATFORM_SHARED_DATA", ROOT.parent / "shared" / "data"))
CASES = SHARED / "field_cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"no field cases in {CASES}")
RECEIVED_AT = datetime(2026, 12, 31)

# By row of the file; None: no number, with a reason.
PHONES = {
    "04-excel-phones/list.csv": [
        None, *["+447911123456"] * 11, None, "+442079460321", None, None, *["+447911123456"] * 2,
    ],
    "04-excel-phones/strangers.csv": [None, None],
    "05b-german-phones/list.csv": [
        "+493055501234", "+492215550123", "+498999998123", "+498999998123", "+498999998123",
        "+492115550123", "+43155501234", "+43155501234", "+41445551234", "+498999998123",
        "+498999998123", "+498999998123", "+4915155501234", None, "+12025550143", None,
        "+12025550143", "+971555501234", "+447911123456", "+919845012345", "+12025550143",
        "+12025550143", "+442079460321", "+12025550143", "+4915155501234", "+4915155501234",
        "+4915155501234", "+4915155501234",
    ],
}  # fmt: skip
# Names whose family name only somebody who knows the language tells; they stay whole.
NAMES_NOT_SPLIT_RIGHTLY = {
    "María José García Márquez", "Gabriel José de la Concordia García Márquez", "Kim Min-jun",
    "Maria del Carmen Fernandez de Cordoba",
}  # fmt: skip


@pytest.fixture(scope="module")
def vocabularies() -> Vocabularies:
    return load_vocabularies(ROOT / "config")


def shipped(name: str) -> Channel:
    return load_channel(ROOT / "config" / "channels" / f"{name}.yaml")


def previewed(path: str, channel: Channel, vocabularies: Vocabularies) -> FilePreview:
    normalize = item_normalizer(vocabularies)
    return preview_file(
        CASES / path, channel, received_at=RECEIVED_AT, limit=100, normalize=normalize
    )


def values(preview: FilePreview, field: str) -> list[Any]:
    """The normalised values of a field; None where there is none."""
    (found,) = [one for one in preview.normalized if one.field == field]
    return [None if str(value)[:1] == "✗" else value for value in found.values]


@pytest.mark.parametrize("path", PHONES)
def test_phones(path: str, vocabularies: Vocabularies) -> None:
    preview = previewed(path, shipped("outbound_list"), vocabularies)
    assert len(preview.record_numbers) == len(PHONES[path])
    found = values(preview, "phone")
    assert [str(phone).split(" ")[0] if phone else None for phone in found] == PHONES[path]


def test_two_numbers_in_a_cell_are_both_named(vocabularies: Vocabularies) -> None:
    preview = previewed("05b-german-phones/list.csv", shipped("outbound_list"), vocabularies)
    (phones,) = [one for one in preview.normalized if one.field == "phone"]
    assert "+4915155501234" in phones.values[9]


def test_german_numbers(tmp_path: Path, vocabularies: Vocabularies) -> None:
    path = tmp_path / "kunden.yaml"
    rules = (CASES / "channels" / "kunden.yaml").read_text()
    path.write_text(rules + "numbers: {decimal: ',', thousands: '.'}\n")
    preview = previewed("05-semicolon-eu/kunden_utf8bom.csv", load_channel(path), vocabularies)
    assert values(preview, "annual_revenue") == [1_250_000.5, 850_000, 3_500_000]
    assert values(preview, "employee_count") == [1_200, 12, 250]
    assert values(preview, "phone") == ["+492215550123", "+33155501234", "+48225550102"]
    fields = {field.field: field.values for field in preview.fields}
    assert fields["postal_code"] == ("01067", "75011", "00-950")
    assert fields["submitted_at"][0] == datetime(2026, 11, 20, 13, 30)


def test_percent_encoding_and_lost_signs(vocabularies: Vocabularies) -> None:
    preview = previewed("09-plus-lost/forms.jsonl", shipped("web_form"), vocabularies)
    mailbox = "anna.berg+news@fjordtech.example"
    assert values(preview, "email") == [mailbox, None, mailbox, None, "lars@skog.example"]
    assert values(preview, "phone") == [
        "+4722550102", "+4722550102", "+4722550102", None, "+4722550177",
    ]  # fmt: skip
    assert values(preview, "full_name")[3:] == ["Sven Holm", "Lars Skog"]


def test_dates_are_never_guessed(vocabularies: Vocabularies) -> None:
    preview = previewed("11-dates/list.csv", shipped("outbound_list"), vocabularies)
    dated = next(field for field in preview.fields if field.field == "submitted_at")
    found = {moment.replace(microsecond=0) for moment in dated.values}
    assert found == {datetime(2026, 11, 20, 15, 5), datetime(2026, 11, 20)}


def test_countries(vocabularies: Vocabularies) -> None:
    truth = json.loads((CASES / "13-countries" / "truth.json").read_text())
    assert {raw: normalize_country(raw, vocabularies).value for raw in truth} == truth


def test_names(vocabularies: Vocabularies) -> None:
    for raw, first, last in json.loads((CASES / "14-names" / "truth.json").read_text()):
        if raw not in NAMES_NOT_SPLIT_RIGHTLY:
            name = normalize_name(raw, None, None, vocabularies)
            expected = (first or "").replace(".", "") or None, last
            assert (name.first, name.last) == expected, raw


def test_sources(vocabularies: Vocabularies) -> None:
    for raw, _, _, source in json.loads((CASES / "20-utm" / "truth.json").read_text()):
        found = normalize_category(raw, vocabularies.sources, vocabularies)
        assert found.value == source, raw


def test_every_source_of_hubspot_is_known(vocabularies: Vocabularies) -> None:
    for line in (CASES / "20-utm" / "hubspot_sources.jsonl").read_text().splitlines():
        source = json.loads(line)["utm"]["source"]
        assert normalize_category(source, vocabularies.sources, vocabularies).value, source


def test_an_urlencoded_body(tmp_path: Path, vocabularies: Vocabularies) -> None:
    path = tmp_path / "posts.yaml"
    path.write_text(
        "name: posts\ndescription: Posted forms.\nformat: json\nrecord_id: content\n"
        "emits:\n  - kind: submission\n    fields:\n"
        "      submitted_at: {default: received_at}\n"
        "      full_name: fields.name.value\n      email: fields.email.value\n"
        "      form_id: form.id\n"
    )
    preview = previewed("15-elementor/body.txt", load_channel(path), vocabularies)
    assert values(preview, "email") == ["luc+pro@roche.example"]
    assert values(preview, "full_name") == ["Luc Roche"]
    assert {field.field: field.values for field in preview.fields}["form_id"] == ("9de22fa",)


def test_hours_that_occur_twice_or_never(vocabularies: Vocabularies) -> None:
    channel = load_channel(CASES / "channels" / "kunden.yaml")
    preview = previewed("25-dst/kunden.csv", channel, vocabularies)
    dated = next(field for field in preview.fields if field.field == "submitted_at")
    assert dated.values == (
        datetime(2026, 10, 25, 0, 30), datetime(2026, 3, 29, 1, 30),
        datetime(2026, 10, 24, 23, 30), datetime(2026, 10, 25, 2, 30),
    )  # fmt: skip


def test_every_row_of_the_countries_is_read_alike(vocabularies: Vocabularies) -> None:
    truth = json.loads((CASES / "13-countries" / "truth.json").read_text())
    with (CASES / "13-countries" / "list.csv").open() as file:
        rows = [row["country"] for row in csv.DictReader(file)]
    preview = previewed("13-countries/list.csv", shipped("outbound_list"), vocabularies)
    assert values(preview, "country") == [truth.get(raw, truth.get(raw.strip())) for raw in rows]
