-- Rounds in which people rate whoever answers for them (G1), as their events have them.
-- phase: open; stopped, for the moment between the last answer and round.closed; closed; ended, when nothing waits any
-- more. `released` counts the answers that left under the round's own name, `released_on` is the last day some did.
CREATE TABLE rating_round (
    round uuid PRIMARY KEY,
    kind text NOT NULL,
    cadre text NOT NULL,
    zone text,
    region text,
    first date NOT NULL,
    last date NOT NULL,
    invited int NOT NULL,
    closes date NOT NULL,
    phase text NOT NULL DEFAULT 'open' CHECK (phase IN ('open', 'stopped', 'closed', 'ended')),
    released int NOT NULL DEFAULT 0,
    released_on date
);

-- Codes of rounds under way, as keyed hashes (the key lies in the keys database). No time, nobody's id (G2).
CREATE TABLE rating_code (
    hash bytea PRIMARY KEY,
    round uuid NOT NULL,
    spent boolean NOT NULL DEFAULT false
);
CREATE INDEX rating_code_round ON rating_code (round);

-- Answers that wait for four others, each sealed to its round's key. Nothing here says when or by which code: whenever
-- one comes, those of its round are written anew in another order, in one transaction.
-- The planner's statistics would keep samples of rows that are gone: none are taken. Dead rows are cleared away soon.
CREATE TABLE rating_ballot (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    round uuid NOT NULL,
    sealed bytea NOT NULL
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE rating_ballot ALTER COLUMN id SET STATISTICS 0, ALTER COLUMN round SET STATISTICS 0,
    ALTER COLUMN sealed SET STATISTICS 0;
CREATE INDEX rating_ballot_round ON rating_ballot (round);
