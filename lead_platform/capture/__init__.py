"""Capture: what came in, from where? Submissions, events, outcomes and rejected records."""
