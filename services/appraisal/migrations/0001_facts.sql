-- Facts hold the newest state of each stream, a slot of columns for each part that events carry, with the stream
-- version it came from; a slot is replaced by a higher version only. Tallies are the group-by of facts, kept beside them.
-- No view and no foreign key: a rebuild fills copies of these tables and swaps them.

CREATE TABLE visit (
    visit uuid PRIMARY KEY,
    entry_version bigint,
    entry_event uuid,
    entry_type text,
    entry_time timestamptz,
    entry_recorded timestamptz,
    cadre text,
    day date,
    households text[],
    withdrawal_version bigint,
    withdrawal_event uuid,
    withdrawal_time timestamptz,
    withdrawal_recorded timestamptz
);
CREATE INDEX visit_of_cadre ON visit (cadre, day);

-- How often a cadre's entries name a household on a day: those that stand, and those taken back.
CREATE TABLE visit_tally (
    household text NOT NULL,
    day date NOT NULL,
    cadre text NOT NULL,
    visits int NOT NULL,
    withdrawn int NOT NULL,
    PRIMARY KEY (household, day, cadre)
);
-- Holds rows only inside the transaction that empties them: it finds them to delete.
CREATE INDEX visit_tally_empty ON visit_tally (household) WHERE visits = 0 AND withdrawn = 0;

CREATE TABLE case_fact (
    petition uuid PRIMARY KEY,
    opened_version bigint,
    opened_event uuid,
    opened_time timestamptz,
    registered timestamptz,
    month date,
    zone text,
    limit_version bigint,
    limit_event uuid,
    due timestamptz,
    credit_version bigint,
    credit_event uuid,
    office text,
    cadre text,
    reply_version bigint,
    reply_event uuid,
    replied timestamptz
);
CREATE INDEX case_of_cadre ON case_fact (cadre, month);
CREATE INDEX case_of_zone ON case_fact (zone, month);

CREATE TABLE case_tally (
    kind text NOT NULL,
    subject text NOT NULL,
    month date NOT NULL,
    registered int NOT NULL,
    in_time int NOT NULL,
    PRIMARY KEY (kind, subject, month)
);
CREATE INDEX case_tally_empty ON case_tally (subject) WHERE registered = 0;

-- Periods from `since` to `until`: of a cadre's term, of a zone's leader, of a household's pairing.
CREATE TABLE responsibility (
    kind text NOT NULL,
    subject text NOT NULL,
    cadre text NOT NULL,
    since date NOT NULL,
    version bigint,
    until date,
    PRIMARY KEY (kind, subject, cadre, since)
);
CREATE INDEX responsibility_of_cadre ON responsibility (cadre, kind);

CREATE TABLE household (
    household text PRIMARY KEY,
    version bigint,
    grp text
);
CREATE INDEX household_of_group ON household (grp);

-- `level` is 0 for a group's zone, 1 for a village's, 2 for a township's: the narrowest first.
CREATE TABLE zone (
    zone text PRIMARY KEY,
    version bigint,
    level smallint,
    groups text[]
);
CREATE INDEX zone_of_group ON zone USING gin (groups);

-- The newest recordedtime applied from each lane.
CREATE TABLE progress (
    source text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    recorded timestamptz,
    PRIMARY KEY (source, topic, partition)
);
