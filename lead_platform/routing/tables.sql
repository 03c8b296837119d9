-- One per routing configuration that took effect, named by the hash of its files; decisions are replayed from it.
create table if not exists routing.routing_versions (
    routing_version varchar, definition varchar, effective_at timestamp, version_seq bigint
);

-- One per sales representative, as config/reps.csv states it.
create table if not exists routing.reps (
    rep_id varchar, name varchar, email varchar, team varchar, seniority varchar,
    territories varchar, languages varchar, capacity integer, is_active boolean,
    config_version varchar
);

-- One per place or industry a territory claims, as config/territories.csv states it.
create table if not exists routing.territories (
    territory_id varchar, territory varchar, country varchar, region varchar,
    postal_code_prefix varchar, industry varchar, config_version varchar
);

-- One per decision: inputs, rules tried, candidates and why each was out, the choice.
-- `decision_seq`: its place in the order of decisions, whatever the clock said; `crosswalk_seq`: the newest merge or split of leads it knew.
create table if not exists routing.routing_decisions (
    decision_id varchar, lead_id varchar, profile_version varchar, routing_version varchar,
    inputs varchar, rules_tried varchar, candidates varchar, rule varchar,
    destination_kind varchar, destination varchar, explanation varchar, decided_at timestamp,
    decision_seq bigint, crosswalk_seq bigint
);

-- One per routed lead: its current owner or queue since assigned_at, the profile, rules and band it was last looked at with, and whether a person took it back.
create table if not exists routing.assignments (
    lead_id varchar, decision_id varchar, destination_kind varchar, owner_rep_id varchar,
    queue varchar, rule varchar, explanation varchar, assigned_at timestamp,
    profile_version varchar, routing_version varchar, band varchar, is_held boolean,
    assigned_seq bigint
);

-- One per lead that a person has to look at before it can be routed.
create table if not exists routing.review_queue (
    lead_id varchar, decision_id varchar, reason varchar, queued_at timestamp
);
