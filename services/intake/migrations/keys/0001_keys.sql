-- The key of each person; NULL where it was destroyed. Dead rows are cleared away by the next look of autovacuum.
CREATE TABLE person_key (
    kind text NOT NULL,
    person text NOT NULL,
    key bytea,
    PRIMARY KEY (kind, person)
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);

-- Keys of the installation, by what they are for; made when first needed.
CREATE TABLE own_key (
    name text PRIMARY KEY,
    key bytea NOT NULL
);
