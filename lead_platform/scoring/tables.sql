-- One per scorecard that took effect, named by the hash of its contents.
create table if not exists scoring.scorecard_versions (
    scorecard_version varchar, name varchar, definition varchar, effective_at timestamp,
    version_seq bigint
);

-- One per scorecard version and rule, flattened for the models that apply it. Kinds: attribute,
-- activity and recency earn points; part_limit, readiness and band bound and name the sum.
create table if not exists scoring.scorecard_rules (
    scorecard_version varchar, rule_id varchar, part varchar, kind varchar, subject varchar,
    operator varchar, text_values varchar[], lower_bound double, upper_bound double,
    at_least integer, per_occurrence boolean, points double, max_points double,
    half_life_days double, expires_after_days integer, description varchar
);

-- One per closed quarter and scorecard version: does the score still separate won from lost deals?
create table if not exists scoring.drift_audits (
    audit_id varchar, quarter varchar, quarter_start_date date, scorecard_version varchar,
    won_count integer, lost_count integer, won_mean double, lost_mean double, gap double,
    gap_low double, gap_high double, gap_change double, gap_change_low double,
    gap_change_high double, auc double, verdict varchar, reason varchar, audited_at timestamp
);
