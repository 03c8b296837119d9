"""Reporting: does it pay? Marts over the published lake."""
