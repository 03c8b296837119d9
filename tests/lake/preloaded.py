"""Imported once by the server that the test processes are forked from."""

import pandas as pd

import lead_platform.lake.lake  # noqa: F401
from lead_platform.lake.suites import ExpectationSpec, validate

WARM = ExpectationSpec(type="expect_column_values_to_not_be_null", kwargs={"column": "one"})

validate(pd.DataFrame({"one": [1]}), [WARM])
