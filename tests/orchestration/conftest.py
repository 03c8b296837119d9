"""What tests of processes leave behind: nothing in the environment of their own."""

import os
from collections.abc import Iterator

import pytest

_OURS = ("LEAD_PLATFORM_", "DAGSTER_")


@pytest.fixture(autouse=True)
def same_environment() -> Iterator[None]:
    """An instance that is prepared points the process at its home: the next test has another."""
    before = {name: value for name, value in os.environ.items() if name.startswith(_OURS)}
    yield
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        if name not in before:
            del os.environ[name]
    os.environ.update(before)
