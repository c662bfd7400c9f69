-- Who is signed in to a service's pages. The browser holds a random id, this table only its SHA-256.
-- To end somebody's sessions at once: UPDATE session SET revoked = now() WHERE principal = 'c-0001';
CREATE TABLE session (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    principal text NOT NULL,
    roles text[] NOT NULL,
    office text,
    created timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz NOT NULL DEFAULT now(),
    expires timestamptz NOT NULL,
    revoked timestamptz
);
CREATE INDEX session_principal ON session (principal);
CREATE INDEX session_expires ON session (expires);
