"""Governance: can we trust it, stop it, undo it? Audit log, switches, conservation."""
