-- One per release: the snapshot readers see from then on, what was touched, how it ended.
create table if not exists governance.releases (
    release_id varchar, snapshot_id bigint, released_at timestamp, label varchar, run_id varchar,
    status varchar, tables varchar, expectations integer, write_seconds double, gate_seconds double,
    snapshot_forgotten_at timestamp
);

-- One per failed expectation and offending row (the first 1,000 rows of each).
-- `severity`: `fail` was refused or set aside, `warn` was published all the same.
create table if not exists governance.gate_failures (
    failure_id varchar, release_id varchar, table_name varchar, expectation varchar,
    arguments varchar, offending_count bigint, offending_row varchar, failed_at timestamp,
    severity varchar
);

-- One per step that took this home to a newer version: a script that ran, a table made, columns changed.
-- `is_refill_due`: a model has gained columns, and its next run builds all its rows again.
create table if not exists governance.migrations (
    migration_id varchar, kind varchar, subject varchar, detail varchar, applied_at timestamp,
    is_refill_due boolean
);
