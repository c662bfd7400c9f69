-- Facts of more kinds (C8, C9, G1, R1, R3): the projection has passed their messages by, so it asks for `rebuild`,
-- which fills copies of these tables from the topics' beginnings. New columns stand last.

-- `first_*`: the lowest version of a slot, where the newest would hide what came before a case was opened again.
ALTER TABLE case_fact
    ADD COLUMN first_limit_version bigint,
    ADD COLUMN first_due timestamptz,
    ADD COLUMN first_reply_version bigint,
    ADD COLUMN first_replied timestamptz,
    ADD COLUMN reopened_version bigint,
    ADD COLUMN reopened_event uuid,
    ADD COLUMN reopened timestamptz,
    ADD COLUMN withdrawn_version bigint,
    ADD COLUMN withdrawn_event uuid,
    ADD COLUMN withdrawn timestamptz,
    ADD COLUMN petition_version bigint,
    ADD COLUMN complaint boolean,
    ADD COLUMN verdict_version bigint,
    ADD COLUMN verdict_event uuid,
    ADD COLUMN verdict_time timestamptz,
    ADD COLUMN solved text,
    ADD COLUMN satisfied text;

-- `registered` is the base of C9; `rated` are the verdicts that say how satisfied. Zone '' is no zone known.
ALTER TABLE case_tally
    ADD COLUMN answered int NOT NULL DEFAULT 0,
    ADD COLUMN solved int NOT NULL DEFAULT 0,
    ADD COLUMN rated int NOT NULL DEFAULT 0,
    ADD COLUMN satisfied int NOT NULL DEFAULT 0;
ALTER TABLE case_tally
    ALTER COLUMN answered DROP DEFAULT,
    ALTER COLUMN solved DROP DEFAULT,
    ALTER COLUMN rated DROP DEFAULT,
    ALTER COLUMN satisfied DROP DEFAULT;

ALTER TABLE zone ADD COLUMN region text;

CREATE TABLE region (
    region text PRIMARY KEY,
    version bigint,
    level text,
    parent text
);
CREATE INDEX region_of_level ON region (level);

CREATE TABLE cadre (
    cadre text PRIMARY KEY,
    version bigint,
    office text,
    rank text
);
CREATE INDEX cadre_of_rank ON cadre (rank);

-- Sums over five answers or more; no two have an answer in common.
CREATE TABLE rating (
    release uuid PRIMARY KEY,
    version bigint,
    event uuid,
    time timestamptz,
    kind text,
    cadre text,
    zone text,
    first date,
    last date,
    counts int[]
);
CREATE INDEX rating_of_cadre ON rating (cadre, first);
CREATE INDEX rating_of_zone ON rating (zone, first);

CREATE TABLE mark_given (
    mark uuid PRIMARY KEY,
    version bigint,
    event uuid,
    time timestamptz,
    level text,
    cadre text,
    first date,
    last date,
    points int
);
CREATE INDEX mark_given_of_cadre ON mark_given (cadre, first);

-- The editions of policies, written with the events that they show; refilled from the log by `policies rebuild`.
CREATE TABLE policy (
    policy text NOT NULL,
    edition int NOT NULL,
    event uuid NOT NULL,
    adopted timestamptz NOT NULL,
    data json NOT NULL,
    PRIMARY KEY (policy, edition)
);
