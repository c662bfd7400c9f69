-- Who answers for a household (Z2): what its care needs are is read by nobody else (R4, P2). The projection has passed
-- these messages by, so it asks for `rebuild`, which fills the groups of zones as well.
ALTER TABLE zone ADD COLUMN groups jsonb NOT NULL DEFAULT '[]';
CREATE INDEX zone_of_group ON zone USING gin (groups);

CREATE TABLE household (
    household text PRIMARY KEY,
    version bigint NOT NULL,
    of_group text NOT NULL
);

CREATE TABLE pairing (
    household text NOT NULL,
    cadre text NOT NULL,
    since date NOT NULL,
    version bigint NOT NULL,
    until date,
    PRIMARY KEY (household, cadre, since)
);

CREATE TABLE term (
    cadre text NOT NULL,
    since date NOT NULL,
    version bigint NOT NULL,
    until date,
    PRIMARY KEY (cadre, since)
);
