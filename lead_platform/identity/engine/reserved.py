"""Names no column of a match record can have: columns stand in SQL as they are written."""

# Of DuckDB's grammar (`duckdb_keywords()`): what cannot be a column's name.
_SQL = """
all analyse analyze and any array as asc asymmetric both case cast check collate column columns
constraint create
default deferrable desc describe distinct do else end except false fetch for foreign from
group having in initially intersect into lambda lateral leading limit not null offset on only or
order pivot pivot_longer pivot_wider placing primary qualify references returning select show some
summarize symmetric table then to trailing true union unique unpivot using variadic when where
window with
anti asof at authorization binary by collation concurrently cross freeze full generated glob ilike
inner is isnull
join left like map natural notnull outer overlaps positional right semi similar struct
tablesample try_cast unpack verbose
"""
# What the engine puts beside a record's own columns.
_ENGINE = """
record_id record_no submission_id received_seq is_known_record is_known node component
"""

RESERVED = frozenset(f"{_SQL} {_ENGINE}".split())
