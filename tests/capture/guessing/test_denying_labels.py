"""Opt-outs among the labels of a cell, `lead, unsubscribed`: they are asked about."""

import csv
from datetime import datetime

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.channels import load_channels
from lead_platform.capture.fields import RuleCompiler
from lead_platform.capture.guessing.names import load_field_names
from lead_platform.capture.guessing.refusals import ask_about_consents
from lead_platform.capture.guessing.shapes import Column
from lead_platform.capture.value_rules import FieldRule
from lead_platform.vocabularies.folder import SHIPPED, shipped_intake_lists

NAMES = load_field_names(SHIPPED.parent)
LISTS = shipped_intake_lists()
with (SHIPPED / "opt_outs.csv").open(encoding="utf-8") as file:
    DENIALS = [
        row["alias"]
        for row in csv.DictReader(file)
        if row["value"] == "denied" and row["channel"] not in ("", "preference")
    ]
LABELS = [
    f"{kind} {number}" for kind in ("webinar", "trial", "vip", "Kunde") for number in range(9)
]


def asked(*cells: str) -> list[str]:
    return list(ask_about_consents(((Column(("Tags",), cells), None),), NAMES, LISTS))


@pytest.mark.parametrize(
    "cell",
    [
        "lead, unsubscribed", "do-not-contact, vip", "vip;DNC", "webinar | Opted-Out",
        "[\"lead\", \"STOP\"]", "['hot', 'do_not_email']", "{vip,unsub}", "#dnc, #vip",
        "* myContacts ::: unsubscribed", "Interessent\nWerbesperre", "newsletter:unsubscribed, vip",
        "unsubscribed-2024, trial", "geen mail, klant", "wypisany; klient", "désinscrit,client",
    ],
)  # fmt: skip
def test_a_denial_among_labels_is_asked_about(cell: str) -> None:
    """`lead, unsubscribed` was an answer like any other."""
    for cells in (("lead", cell), (*LABELS, cell)):
        (question,) = asked(*cells)
        assert question.startswith("Tags: does it say who may be written to or called?")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    denial=st.sampled_from(DENIALS),
    others=st.lists(st.sampled_from(LABELS), min_size=1, max_size=30),
    place=st.integers(0, 30),
    sign=st.sampled_from([", ", ";", " | ", "\n", ",", " ::: "]),
)
def test_any_denial_at_any_place(denial: str, others: list[str], place: int, sign: str) -> None:
    labels = [*others[:place], denial, *others[place:]]
    assert asked("trial", sign.join(labels))
    assert not asked("trial", sign.join(others))


@pytest.mark.parametrize(
    "cells",
    [
        LABELS, ("vip, hot", "cold"), ("Red, green", "no, yes"), ("1, 2", "3"),
        tuple(f"Account of {label}, Robinson Crusoe wrote this to us today" for label in LABELS),
        ("Robinson", *LABELS), ("We moved, and never got the invoice for it", *LABELS),
    ],
)  # fmt: skip
def test_other_labels_and_texts_are_not(cells: tuple[str, ...]) -> None:
    assert asked(*cells) == []


@pytest.mark.parametrize(
    "label", ["unsubscribed", "do-not-contact", "Unsubscribed-2024", "pas d'email"]
)
def test_the_rule_that_is_advised_reads_the_lists(label: str) -> None:
    (question,) = asked("lead", f"lead, {label}")
    advised = question.partition("map it by itself, `")[2].partition("`")[0]
    rule = FieldRule.model_validate(yaml.safe_load(advised))
    channel = load_channels(SHIPPED.parent)["web_form"]
    read = RuleCompiler(channel).field("consent_email", "submission", rule, datetime(2026, 11, 28))
    assert read({"Tags": f"lead, {label}, vip"}) == "denied"
    assert read({"Tags": "lead, vip"}) is None
