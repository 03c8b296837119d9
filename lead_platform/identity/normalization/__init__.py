"""Every field of a submission in its normal form, or null with a reason.

Owns the rules per kind of value and the tables RevOps edits in `config/vocabularies/`.
Pure functions of (raw value, vocabularies): same input, same output, whatever the batch.
"""
