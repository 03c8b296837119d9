"""Scripts that take a home over what cannot be seen by comparing tables: `0001_….sql` or `….py`.

Applied once, in order, each recorded in `governance.migrations`, before tables are compared. They
see the lake as the connection's current database, and are tried on empty tables first: plain SQL
on `<layer>.<table>`; replace a table (`create or replace table … as select …`), do not alter it.
A Python script has a function `migrate(connection)`. A script is never changed once it was shipped.
"""
