-- One per automated or human action: what, why, when, before, after.
create table if not exists governance.audit_log (
    audit_id varchar, workflow varchar, action varchar, subject_type varchar, subject_id varchar,
    rule varchar, rule_version varchar, reason varchar, before varchar, after varchar,
    actor varchar, run_id varchar, occurred_at timestamp, audit_seq bigint
);

-- One per slice of rows that was read anew, and per first time a step worked with a state of its lists (`version`); `remap`: by a command, with a channel as it was then.
-- Of the items of a `kind`, those received after place `until_seq` up to `behind_seq` were left to be read anew. Rows that were read anew carry the number of the reading that did it last; those read once, at their arrival, none.
create table if not exists governance.readings (
    reading integer, step varchar, channel varchar, kind varchar, version varchar, items bigint,
    until_seq bigint, behind_seq bigint, read_at timestamp, run_id varchar
);

-- One per workflow: whether it may act.
create table if not exists governance.workflow_switches (
    workflow varchar, is_enabled boolean, changed_by varchar, reason varchar, changed_at timestamp
);

-- One per step that a switch kept from acting: which workflow, in which run, and why.
create table if not exists governance.workflow_runs (
    workflow varchar, run_id varchar, status varchar, reason varchar, started_at timestamp,
    finished_at timestamp, items bigint
);

-- One per check and run that reconciles tables with each other.
create table if not exists governance.data_quality (
    check_name varchar, run_id varchar, passed boolean, expected bigint, actual bigint,
    detail varchar, checked_at timestamp
);

-- One per subject (submission, event, outcome, delivery, lead) that a step leaves out because a row of it failed, each time anew: the expectation it broke first, the whole row, since when, and what became of it.
-- `held` and `discarded` are left out; `released` (by a person) and `superseded` (its suite or the configuration changed, or more is known of it) are tried again. `payload_id`: the rejected record that keeps what was received, where nothing of it was taken in. `first_run_id`: the run that set it aside, however often it was tried again since; `is_of_many`: with more than few others.
create table if not exists governance.quarantine (
    quarantine_id varchar, step varchar, subject_type varchar, subject_id varchar,
    subject_version varchar, table_name varchar, expectation varchar, arguments varchar,
    offending_row varchar, suite_version varchar, release_id varchar, run_id varchar,
    payload_id varchar, held_at timestamp, state varchar, decided_by varchar,
    decision_reason varchar, decided_at timestamp, hold_number bigint, tried_at timestamp,
    first_run_id varchar, is_of_many boolean
);
