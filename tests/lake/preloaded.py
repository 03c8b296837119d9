"""Imported once by the server that the test processes are forked from."""

import pandas as pd

import lead_platform.lake.lake  # noqa: F401
from lead_platform.lake.connection import verify_extensions
from lead_platform.lake.suites import ExpectationSpec, validate
from lead_platform.settings import Settings

WARM = ExpectationSpec(type="expect_column_values_to_not_be_null", kwargs={"column": "one"})

validate(pd.DataFrame({"one": [1]}), [WARM])

for url in (None, "postgresql://the/server/profile"):
    verify_extensions(Settings(database_url=url))
