"""Warranty: which leads hold one."""
