"""Vocabularies: the lists RevOps edits, read once for capture and normalisation alike."""
