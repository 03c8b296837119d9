"""Enrichment: what else is known? Provider results beside the golden record."""
