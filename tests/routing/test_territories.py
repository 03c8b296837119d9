import pytest

from lead_platform.routing.territories import TerritoryRow, map_territories, tabulate_territories


def row(territory, **places):
    return TerritoryRow.model_validate({"territory": territory, **places})


PLACES = map_territories(
    [
        row("Everywhere"),
        row("Germany", country="DE"),
        row("Bavaria", country="DE", region="BY"),
        row("Munich", country="DE", postal_code_prefix="80;81"),
        row("Munich Centre", country="DE", postal_code_prefix="8033"),
        row("German Public Sector", country="DE", industry="government"),
        row("London", country="GB", postal_code_prefix="EC1"),
    ]
)


@pytest.mark.parametrize(
    ("place", "territory"),
    [
        (("DE",), "Germany"),
        (("DE", "BY"), "Bavaria"),
        (("DE", "DE-BY"), "Bavaria"),
        (("DE", "BE"), "Germany"),
        (("DE", "BY", "80999"), "Munich"),
        (("DE", "BY", "80331"), "Munich Centre"),
        (("DE", None, "8"), "Germany"),
        (("DE", None, None, "government"), "German Public Sector"),
        (("DE", "BY", None, "government"), "Bavaria"),
        (("GB", None, "ec1a 1bb"), "London"),
        (("JP",), "Everywhere"),
        ((None, "BY", "80331"), None),
    ],
)
def test_the_most_specific_row_wins(place, territory):
    assert PLACES.territory_of(*place) == territory


def test_no_row_for_the_place_gives_no_territory():
    assert map_territories([row("Germany", country="DE")]).territory_of("FR") is None


@pytest.mark.parametrize(
    ("places", "fault"),
    [
        ({"country": "UK"}, "country: unknown code 'UK'"),
        ({"country": "US", "region": "CA;XX"}, "region: 'XX' is no part of US"),
        ({"country": "US;CA", "region": "CA"}, "needs exactly one country"),
        ({"postal_code_prefix": "80"}, "needs exactly one country"),
    ],
)
def test_places_that_do_not_exist_are_faults(places, fault):
    (found,) = row("Somewhere", **places).faults()
    assert fault in found


def test_the_table_holds_one_row_per_place():
    table = tabulate_territories(
        (row("Benelux", country="NL;BE;LU"), row("West", country="US", region="CA;OR")), "v1"
    )
    assert table["territory_id"].tolist() == [
        "Benelux:NL",
        "Benelux:BE",
        "Benelux:LU",
        "West:US-CA",
        "West:US-OR",
    ]
    assert table["region"].isna().sum() == 3


@pytest.mark.parametrize(
    ("country", "region", "territory"),
    [
        ("US", "US-CA", "North America West"),
        ("US", "TX", "North America Central"),
        ("US", "NY", "North America East"),
        ("US", None, "North America"),
        ("CA", "QC", "North America East"),
        ("CA", "BC", "North America West"),
        ("GB", None, "UK & Ireland"),
        ("CH", "ZH", "DACH"),
        ("FR", None, "France"),
        ("LU", None, "Benelux"),
        ("BR", "SP", "Iberia & Latin America"),
        ("IN", "KA", "India"),
        ("NZ", None, "Australia & New Zealand"),
        ("JP", None, "Rest of World"),
    ],
)
def test_shipped_territories(configuration, country, region, territory):
    assert configuration.territory_map.territory_of(country, region) == territory
