import pandas as pd
import pytest

from lead_platform.identity.engine.derivations import (
    DERIVATIONS,
    derive_columns,
    nickname_knowledge,
)
from lead_platform.identity.engine.specification import Column
from tests.identity.test_training import PETS

KNOWLEDGE = nickname_knowledge([("robert", "bob", "rob"), ("roberto", "rob")])


@pytest.mark.parametrize(
    ("way", "given", "expected"),
    [
        ("text", ("  Zoë ", "O'Neil"), "zoe oneil"),
        ("compact", ("Anne-Marie",), "annemarie"),
        ("tokens", ("12 Elm St, 12",), ["12", "elm", "st"]),
        ("name_forms", ("Bob",), ["bob", "robert"]),
        ("name_root", ("Bob",), "bob"),
        ("name_key", ("Rob", "Roe"), "bob|roe"),
        ("name_key", ("Roe", "Rob"), "bob|roe"),
        ("name_key", ("Rob", ""), None),
        ("date", ("1971-06-24",), "19710624"),
        ("date_swapped", ("1971-06-04",), "19710406"),
        ("year", ("19710624",), "1971"),
        ("month_day", ("71",), None),
        ("phone", ("+44 20 7946 0958",), "079460958"),
        ("phone", ("12345",), None),
        ("mailbox_local", ("Jane.Roe+x@Acme.com",), "jane.roe"),
        ("domain", ("https://www.acme.co.uk/team?x=1",), "acme.co.uk"),
        ("domain", ("no website",), None),
        ("area", ("TQ13 8DF",), "tq13"),
        ("area", ("10115",), "101"),
        ("organisation", ("The Acme Widgets Co., Ltd.",), "acme widgets"),
        ("organisation_tokens", ("Bank of Ireland",), ["bank", "ireland"]),
        ("acronym", ("International Business Machines Corp.",), "ibm"),
        ("acronym", ("IBM Corporation",), "ibm"),
        ("country_named", ("Netflix Sweden",), "SE"),
        ("country_named", ("Domino's Pizza Deutschland GmbH",), "DE"),
        ("country_named", ("Netflix, Inc.",), "-"),
        ("legal_family", ("Siemens S.p.A.",), "italian"),
        ("legal_family", ("Siemens Ltd",), None),
        ("numbers", ("12a High Street",), "12a"),
    ],
)
def test_values(way, given, expected):
    assert DERIVATIONS[way](given, KNOWLEDGE) == expected


@pytest.mark.parametrize("way", sorted(DERIVATIONS))
def test_nothing_gives_nothing(way):
    assert DERIVATIONS[way](("", ""), KNOWLEDGE) is None


def test_absent_fields_count_as_empty_and_rows_keep_their_order():
    specification = PETS.model_copy(
        update={
            "columns": {"name": Column(derive="text", given=("first", "last")), "note": Column()}
        }
    )
    frame = pd.DataFrame({"first": ["Ada", None, "Bo"]}, index=[7, 3, 5])
    derived = derive_columns(frame, specification)
    assert derived.index.tolist() == [7, 3, 5]
    assert derived["name"].tolist() == ["ada", None, "bo"]
    assert derived["note"].tolist() == [None, None, None]
