-- One per automated or human action: what, why, when, before, after.
create table if not exists governance.audit_log (
    audit_id varchar, workflow varchar, action varchar, subject_type varchar, subject_id varchar,
    rule varchar, rule_version varchar, reason varchar, before varchar, after varchar,
    actor varchar, run_id varchar, occurred_at timestamp
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
