-- One per lead that holds a warranty.
create table if not exists warranty.registrations (
    lead_id varchar, registered_at timestamp
);
