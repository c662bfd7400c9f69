-- Cases as they stand: a projection of the own log, written in the transaction of the append. `rebuild` refills it, and
-- fills it where cases are older than this table.
CREATE TABLE case_now (
    petition uuid PRIMARY KEY,
    phase text NOT NULL,
    reopened boolean NOT NULL,
    channel text NOT NULL,
    category text NOT NULL,
    zone text,
    registered timestamptz NOT NULL,
    resident text,
    said text,
    office text,
    cadre text,
    due timestamptz,
    outcome text,
    replied timestamptz,
    ended timestamptz
);
CREATE INDEX case_now_office ON case_now (office, due);
CREATE INDEX case_now_cadre ON case_now (cadre, due);
