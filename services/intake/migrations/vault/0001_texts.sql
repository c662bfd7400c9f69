-- Whose data are kept, and with which petition they came: what a reader is entitled to follows from it.
CREATE TABLE person (
    kind text NOT NULL,
    person text NOT NULL,
    petition uuid, -- of a resident
    PRIMARY KEY (kind, person)
);

-- One text each, sealed under the person's key (AES-256-GCM); `ref` tells what was said apart, '' for name and address.
CREATE TABLE text (
    kind text NOT NULL,
    person text NOT NULL,
    datum text NOT NULL,
    ref text NOT NULL DEFAULT '',
    sealed bytea NOT NULL,
    PRIMARY KEY (kind, person, datum, ref)
);
