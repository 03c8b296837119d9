"""Accounts: of which company each lead is, under ids that stay."""
