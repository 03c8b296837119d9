"""Judgement: what people say of pairs, and how it is taken back."""
