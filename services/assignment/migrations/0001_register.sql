-- Who answers for whom: a projection of the own log, written in the transaction of the append. `rebuild` refills it.
CREATE TABLE cadre (
    cadre text PRIMARY KEY,
    office text NOT NULL,
    rank text NOT NULL
);

-- A zone as drawn since a day; the first drawing holds for all days before as well.
CREATE TABLE zone (
    zone text NOT NULL,
    since date NOT NULL,
    level text NOT NULL,
    groups text[] NOT NULL,
    PRIMARY KEY (zone, since)
);
CREATE INDEX zone_groups ON zone USING gin (groups);

-- The group a household belongs to since a day; the first holds for all days before as well.
CREATE TABLE household (
    household text NOT NULL,
    since date NOT NULL,
    of_group text NOT NULL,
    PRIMARY KEY (household, since)
);

-- Terms of office (subject: the cadre), leaders of zones, cadres of households. `until` is the last day.
CREATE TABLE responsibility (
    kind text NOT NULL CHECK (kind IN ('term', 'leader', 'pairing')),
    subject text NOT NULL,
    since date NOT NULL,
    cadre text NOT NULL,
    until date,
    PRIMARY KEY (kind, subject, since, cadre)
);
