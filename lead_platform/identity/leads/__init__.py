"""Leads: whose each submission is, and what belongs to whom."""
