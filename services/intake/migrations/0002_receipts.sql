-- The number a resident follows a petition by. The secret is nowhere: it follows from the petition under a key that
-- lies in the database of keys.
CREATE TABLE receipt (
    petition uuid PRIMARY KEY,
    number text NOT NULL UNIQUE
);

-- Failed tries at a number, known or not; while there are too many, not even the right secret is looked at (U2).
CREATE TABLE receipt_try (
    number text PRIMARY KEY,
    failed int NOT NULL,
    last timestamptz NOT NULL
);
CREATE INDEX receipt_try_last ON receipt_try (last);
