-- What the projection keeps: every event of a case as it came, and the newest state of zones, offices and regions.
-- No view and no foreign key: a rebuild fills copies of these tables and swaps them.
CREATE TABLE case_event (
    petition uuid NOT NULL,
    version bigint NOT NULL,
    type text NOT NULL,
    time timestamptz NOT NULL,
    data json NOT NULL,
    PRIMARY KEY (petition, version)
);

CREATE TABLE zone (
    zone text PRIMARY KEY,
    version bigint NOT NULL,
    level text NOT NULL,
    region text
);
CREATE INDEX zone_of_region ON zone (region);

CREATE TABLE zone_leader (
    zone text NOT NULL,
    cadre text NOT NULL,
    since date NOT NULL,
    version bigint NOT NULL,
    until date,
    PRIMARY KEY (zone, cadre, since)
);

CREATE TABLE office (
    office text PRIMARY KEY,
    version bigint NOT NULL,
    sector text NOT NULL,
    region text NOT NULL
);

CREATE TABLE region (
    region text PRIMARY KEY,
    version bigint NOT NULL,
    level text NOT NULL,
    parent text
);
CREATE INDEX region_of_parent ON region (parent);
