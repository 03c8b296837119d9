import pytest

from lead_platform.configuration import ConfigurationError
from lead_platform.routing.configuration import (
    RoutingConfiguration,
    load_routing,
    tabulate_version,
)
from lead_platform.routing.roster import tabulate_reps


def faults_of(folder):
    with pytest.raises(ConfigurationError) as caught:
        load_routing(folder)
    return caught.value.faults


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_shipped_configuration_loads_without_warnings(configuration):
    assert configuration.warnings() == []
    assert len(configuration.reps) == 12
    assert len(configuration.routing_version) == 12


def test_the_version_changes_with_any_file(config_copy):
    first = load_routing(config_copy).routing_version
    replace(config_copy / "reps.csv", "300,true", "301,true")
    second = load_routing(config_copy).routing_version
    (config_copy / "named_accounts.csv").unlink()
    replace(config_copy / "routing.yaml", "pool: {owner_of: named_account}", "queue: review")
    assert len({first, second, load_routing(config_copy).routing_version}) == 3


def test_a_recorded_version_comes_back_equal(configuration, decided_at):
    (row,) = tabulate_version(configuration, decided_at).to_dict("records")
    assert RoutingConfiguration.from_definition(row["definition"]) == configuration
    assert row["routing_version"] == configuration.routing_version


def test_reps_become_a_table_with_one_row_each(configuration):
    table = tabulate_reps(configuration.reps, configuration.reps_version)
    assert table["rep_id"].is_unique
    assert table.loc[table["rep_id"] == "iris.jansen", "territories"].item() == (
        "Benelux;DACH;France"
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (
            "routing.yaml",
            "pool: {seniorities: [sdr], territory: of_lead}",
            "pool: {teams: [apex], seniorities: [sdr], territory: of_lead}",
            "rule medium_band: unknown team 'apex'; known: americas, apac, emea",
        ),
        (
            "routing.yaml",
            "pool: {seniorities: [sdr], territory: of_lead}",
            "pool: {seniorities: [chief], territory: of_lead}",
            "rule medium_band: unknown seniority 'chief'; known: sdr, senior",
        ),
        (
            "routing.yaml",
            "pool: {seniorities: [sdr], territory: of_lead}",
            "pool: {territories: [Mars]}",
            "rule medium_band: unknown territory 'Mars'; known: ",
        ),
        (
            "routing.yaml",
            "pool: {seniorities: [sdr], territory: of_lead}",
            "pool: {reps: [nobody]}",
            "rule medium_band: unknown rep 'nobody'; known: ana.costa",
        ),
        (
            "routing.yaml",
            "pool: {seniorities: [sdr], territory: of_lead}",
            "pool: {teams: [emea], seniorities: [sdr], territory: of_lead}",
            "rule medium_band: its pool is empty for territory 'India'",
        ),
        (
            "routing.yaml",
            "value: enterprise}",
            "value: giant}",
            "rule enterprise: unknown segment 'giant'; known: enterprise, mid_market, smb",
        ),
        ("routing.yaml", "queue: nurture\n", "queue: limbo\n", "unknown queue 'limbo'; known: "),
        (
            "routing.yaml",
            "strategy: fewest_active_leads",
            "strategy: dice",
            "unknown strategy 'dice'; known: account_owner, fewest_active_leads",
        ),
        ("routing.yaml", "id: low_band", "id: high_band", "rule 'high_band' stands there more"),
        ("routing.yaml", "id: low_band", "id: keeps_owner", "the platform's own"),
        (
            "routing.yaml",
            "{queue: holding, description: Waits for an attribute that a rule needs.}",
            "{queue: parking, description: Waits.}",
            "the queue 'holding' is missing",
        ),
        ("routing.yaml", "requires: [country]", "requires: [zodiac]", "unknown attributes zodiac"),
        (
            "routing.yaml",
            "      - {field: segment, operator: equals, value: enterprise}\n",
            "",
            "rule high_band is never reached: enterprise above takes every lead",
        ),
        (
            "territories.csv",
            "France,FR;MC",
            "France,FR;MC;BE",
            "territory 'Benelux' overlaps 'France' (line 11): both claim BE",
        ),
        ("territories.csv", "GB;IE", "UK;IE", "country: unknown code 'UK'"),
        ("reps.csv", "Benelux;DACH;France", "Benelux;Dach", "unknown territory 'Dach'; known: "),
        ("reps.csv", "ben.fischer,Ben", "ana.costa,Ben", "'ana.costa' stands there more than once"),
        ("reps.csv", "300,true", "many,true", "capacity: Input should be a valid integer"),
        ("named_accounts.csv", "iris.jansen", "iris", "rep_id: unknown rep 'iris'; known: "),
        ("named_accounts.csv", "siemens.com", "asml.com", "'asml.com' is a named account more"),
        ("named_accounts.csv", "siemens.com,,", ",,", "give company_domain or company_key"),
    ],
)
def test_faults_name_file_line_and_what_is_allowed(config_copy, file, old, new, fault):
    replace(config_copy / file, old, new)
    found = [line for line in faults_of(config_copy) if fault in line]
    assert found, faults_of(config_copy)
    name, line, _ = found[0].split(":", 2)
    assert name == str(config_copy / file)
    assert int(line) >= 1


def test_the_line_of_a_fault_is_the_line_of_the_row(config_copy):
    replace(config_copy / "reps.csv", "Benelux;DACH;France", "Benelux;Dach")
    (fault,) = faults_of(config_copy)
    line = int(fault.split(":")[1])
    assert (config_copy / "reps.csv").read_text().splitlines()[line - 1].startswith("iris.jansen")


def test_the_faults_of_all_files_come_at_once(config_copy):
    replace(config_copy / "reps.csv", "Benelux;DACH;France", "Benelux;Dach")
    replace(config_copy / "named_accounts.csv", "iris.jansen", "iris")
    replace(config_copy / "routing.yaml", "value: enterprise}", "value: giant}")
    files = {fault.split(":")[0].rsplit("/", 1)[1] for fault in faults_of(config_copy)}
    assert files == {"reps.csv", "named_accounts.csv", "routing.yaml"}


def test_unreadable_files_are_reported_together(config_copy):
    (config_copy / "territories.csv").unlink()
    replace(config_copy / "routing.yaml", "band, operator: equals", "aura, operator: equals")
    assert len(faults_of(config_copy)) == 2


def test_an_inactive_pool_is_a_warning_not_a_fault(config_copy):
    replace(config_copy / "reps.csv", "es;fr;en,300,true", "es;fr;en,300,false")
    warnings = load_routing(config_copy).warnings()
    assert warnings == [
        "rule enterprise: nobody active in its pool for territory Iberia & Latin America",
        "rule high_band: nobody active in its pool for territory Iberia & Latin America",
        "named account inditex.com: its rep ana.costa is not active",
    ]


def test_a_rule_for_one_place_needs_reps_only_there(config_copy):
    rule = """
  - id: dutch
    description: Dutch leads have their own team.
    when:
      - {field: country, operator: equals, value: NL}
      - {field: band, operator: equals, value: high}
    pool: {reps: [iris.jansen], territory: of_lead}
"""
    replace(config_copy / "routing.yaml", "\n  - id: enterprise", rule + "\n  - id: enterprise")
    assert load_routing(config_copy).warnings() == []


def test_a_fault_in_one_file_hides_none_in_another(config_copy):
    """With a typo in routing.yaml those of the tables were told only once it was mended."""
    replace(config_copy / "routing.yaml", "- id:", "- idd:")
    replace(config_copy / "reps.csv", "DACH;", "DAHC;")
    replace(config_copy / "territories.csv", "India,IN,", "India,IN_,")
    with pytest.raises(ConfigurationError) as error:
        load_routing(config_copy)
    told = "\n".join(error.value.faults)
    assert "routing.yaml" in told
    assert "unknown territory 'DAHC'" in told
    assert "unknown code 'IN_" in told


def test_a_word_that_no_rule_selects_is_told_beside_the_one_it_looks_like(config_copy):
    """A rep whose seniority has a typo got no lead, and nothing told of it."""
    replace(config_copy / "reps.csv", "emea,senior,Iberia", "emea,senoir,Iberia")
    with pytest.raises(ConfigurationError, match=r"selects seniority 'senior', .* have .*'senoir'"):
        load_routing(config_copy)
    with (config_copy / "reps.csv").open("a", encoding="utf-8") as file:
        file.write("x.y,X Y,x.y@example.com,emea,senior,Iberia & Latin America;France,es,1,true\n")
    (warning,) = [told for told in load_routing(config_copy).warnings() if "senoir" in told]
    assert "rep ana.costa: no rule selects seniority 'senoir', only 'senior'" in warning
