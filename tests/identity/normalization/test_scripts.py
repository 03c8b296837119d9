import pytest

from lead_platform.identity.normalization.scripts import is_other_script, latin


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("Сергей Кузнецов", "Sergey Kuznetsov"), ("Олександр", "Oleksandr"),
        ("Νίκος", "Nikos"), ("小明", "XiaoMing"), ("김민준", "GimMinJun"), ("דוד", "dvd"),
        ("Иванова-Петрова", "Ivanova-Petrova"),
    ],
)  # fmt: skip
def test_names_meet_in_latin_letters(name, spelled):
    assert is_other_script(name)
    assert latin(name) == spelled


@pytest.mark.parametrize("name", ["José", "Nguyễn Văn", "Łukasz", "Søren", "O’Neil", "Zoë ✨"])
def test_latin_names_are_left_as_they_are(name):
    assert not is_other_script(name)
