"""Scoring: how good, how engaged, how soon? Contributions that add up to the score."""
