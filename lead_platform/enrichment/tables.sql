-- One per lead, provider and request key: what the provider said, from which source, how old.
create table if not exists enrichment.enrichment_results (
    result_id varchar, lead_id varchar, provider varchar, request_key varchar, status varchar,
    attributes varchar, source varchar, source_as_of date, reason varchar, requested_at timestamp,
    provider_version varchar
);
