"""Columns that fill no field are answers under their own names, whatever these are written in."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.capture.guessing.test_seconds import FIRST, OWN, taken

SIZES = ["10 sqm", "20 sqm", "35 sqm", "40 sqm", "55 sqm", "60 sqm"]
QUESTIONS = [
    "ご予算はいくらですか？", "展示会で何を見ましたか", "какой объект вас заинтересовал?",
    "क्या आप किराये पर हैं", "คุณชอบสีอะไร", "ما هو لونك المفضل؟", "어떤 방을 원하십니까",
    "您喜欢什么户型", "Ποιο δωμάτιο θέλετε;", "Größe der Wohnung", "Quelle pièce préférez-vous ?",
    "★★★ oder ★★", "“Dream” room: what’s yours?",
]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_keeps_its_own_text(tmp_path: Path, question: str) -> None:
    """Of a name without Latin letters nothing was left: its answers were called `answer`."""
    _, rows = taken(tmp_path, {"First Name": FIRST, "Email": OWN, question: SIZES})
    assert [json.loads(row["answers"])[question] for row in rows] == SIZES


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(QUESTIONS), min_size=2, max_size=8, unique=True))
def test_no_two_questions_share_a_name(tmp_path: Path, questions: list[str]) -> None:
    columns = {"First Name": FIRST, "Email": OWN, **dict.fromkeys(questions, SIZES)}
    _, rows = taken(tmp_path, columns)
    assert {name: SIZES[0] for name in questions} == json.loads(rows[0]["answers"])


def test_names_of_ascii_are_as_short_as_they_were(tmp_path: Path) -> None:
    _, rows = taken(tmp_path, {"First Name": FIRST, "Email": OWN, "Size of the flat?": SIZES})
    assert json.loads(rows[0]["answers"]) == {"size_of_the_flat": SIZES[0]}
