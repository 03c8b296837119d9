"""Linkage of tables that are no leads: read, recognise columns, match, tell."""
