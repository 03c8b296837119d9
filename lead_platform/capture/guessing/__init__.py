"""Proposes the channel of a file nobody has described yet."""
