"""Modelling: how a matching model comes to be, and who lets it take effect."""
