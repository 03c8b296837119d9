import duckdb
import pytest

from lead_platform.configuration import ConfigurationError
from lead_platform.identity.engine.model import MatchModel, load_model, save_model
from lead_platform.identity.engine.reserved import RESERVED
from lead_platform.identity.engine.specification import load_specification, specification_version
from tests.identity.lead_world import MODEL, ROOT, SPECIFICATION

YAML = (ROOT / "config" / "identity.yaml").read_text(encoding="utf-8")


def faults_of(tmp_path, old: str, new: str) -> str:
    assert old in YAML
    path = tmp_path / "identity.yaml"
    path.write_text(YAML.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_specification(path)
    return str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("merge: 0.995", "merge: 1.5", "identity.yaml:47: thresholds.merge"),
        ("review: 0.9", "review: 0.9995", "must be below merge"),
        ("columns: [phone, last_name]", "columns: [fone, last_name]", "unknown column 'fone'"),
        ("window: 50", "window: 1", "greater than or equal to 2"),
        ("{name: same, exact: mailbox}", "{name: same}", "name one test of"),
        ("at_least: 0.88", "at_most: 1", "go together"),
        (
            "when: {email: [same_company, numbered]}",
            "when: {email: [equal]}",
            "email has no level 'equal'",
        ),
        (
            "when: {email: [same_company, numbered]}",
            "when: {mail: [same]}",
            "unknown comparison 'mail'",
        ),
        ("applies_to: [email]", "applies_to: [mail]", "unknown rule 'mail'"),
        ("- {name: phone, columns", "- {name: linkedin, columns", "'linkedin' is used twice"),
        ("column: linkedin, at_most", "column: xing, at_most", "limit linkedin_profiles: unknown"),
        ("column: linkedin, at_most", "column: first_forms, at_most", "only texts are counted"),
        ("at_most: 2}", "at_most: 0}", "limits.1.at_most"),
        ("{name: linkedin_profiles", "{name: ids_at_one_source", "is used twice"),
        ("model: person-v2", "model: ../person", "model"),
        ("known_shares: first_names", "known_shares: nobody", "unknown list 'nobody'; known"),
        ("keep_window: [phone]", "keep_window: [fax]", "scan keep_window: unknown rule 'fax'"),
        ("columns: [name_key, country]", "columns: [name_key, land]", "unknown column 'land'"),
    ],
)
def test_faults_name_the_place_and_what_is_allowed(tmp_path, old, new, says):
    assert says in faults_of(tmp_path, old, new)


def test_the_version_follows_the_content(tmp_path):
    path = tmp_path / "identity.yaml"
    path.write_text(YAML, encoding="utf-8")
    before = specification_version(path)
    path.write_text(YAML.replace("merge: 0.995", "merge: 0.9951"), encoding="utf-8")
    assert specification_version(path) != before


def test_an_unknown_model_names_the_known_ones():
    with pytest.raises(ConfigurationError, match=r"no such model; known: .*person-v2"):
        load_model(SPECIFICATION.model_copy(update={"model": "person-v9"}))


def test_a_model_must_know_all_levels(tmp_path):
    lacking = MatchModel(
        name="person-v2", prior=1e-5,
        comparisons={k: v for k, v in MODEL.comparisons.items() if k != "phone"},
    )  # fmt: skip
    save_model(lacking, tmp_path / "person-v2.json")
    with pytest.raises(ConfigurationError, match=r"no rates for phone\. Train one that has them"):
        load_model(SPECIFICATION.model_copy(update={"model": "person-v2"}), tmp_path)
    levels = {n: r for n, r in MODEL.comparisons["phone"].items() if n != "similar"}
    some = lacking.model_copy(update={"comparisons": lacking.comparisons | {"phone": levels}})
    assert some.lacking(SPECIFICATION) == ("phone.similar",)


def test_a_model_is_never_overwritten(tmp_path):
    save_model(MODEL, tmp_path / "person-v1.json")
    with pytest.raises(FileExistsError, match="choose the next version"):
        save_model(MODEL, tmp_path / "person-v1.json")


def test_shipped_rates_point_the_right_way():
    for name, levels in MODEL.comparisons.items():
        rates = list(levels.values())
        assert rates[0].m > rates[0].u, name
        assert levels["different"].m < levels["different"].u, name


def test_what_is_left_out_for_want_of_a_column_is_told(caplog):
    """Two records of one city met nowhere, and nobody was told that the rule for it was gone."""
    given = [name for name in SPECIFICATION.columns if name not in ("city", "linkedin")]
    left_out = SPECIFICATION.left_out(given)
    assert left_out["blocking rule name_city"] == ("city",)
    assert left_out["comparison linkedin"] == ("linkedin",)
    assert "comparison place" not in left_out, "it still has the country"
    with caplog.at_level("WARNING"):
        restricted = SPECIFICATION.restricted_to(given)
    assert "blocking rule name_city is left out: no column city" in caplog.text
    assert {rule.name for rule in SPECIFICATION.blocking.rules} - {
        rule.name for rule in restricted.blocking.rules
    } == {"name_city", "linkedin"}


def test_a_mail_domain_belongs_to_one_provider(tmp_path):
    text = (ROOT / "config" / "identity.yaml").read_text(encoding="utf-8")
    (tmp_path / "identity.yaml").write_text(text.replace("me.com, mac.com", "me.com, gmail.com"))
    with pytest.raises(ConfigurationError, match=r"mail_domains: 'gmail.com' is used twice"):
        load_specification(tmp_path / "identity.yaml")


def test_no_column_is_called_by_a_word_of_sql(tmp_path):
    """A column `order` once ended in a parser error of the database, far from its cause."""
    rows = duckdb.execute(
        "select keyword_name from duckdb_keywords() "
        "where keyword_category in ('reserved', 'type_function')"
    ).fetchall()
    assert {name for (name,) in rows} <= RESERVED
    said = faults_of(tmp_path, "  job_title: {}\n", "  job_title: {}\n  order: {}\n")
    assert "column order: 'order' is a word of SQL" in said
