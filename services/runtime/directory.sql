-- Names that may be shown (contract: lianxin_schemas/directory.py). State, not events.

-- Names that this service gives. Whoever changes one bumps its version in the same transaction; erased, it holds none.
CREATE TABLE directory_own (
    kind text NOT NULL CHECK (kind IN ('region', 'office', 'cadre')),
    id text NOT NULL CHECK (id ~ '^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$'),
    version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    zh text CHECK (zh = btrim(zh) AND length(zh) BETWEEN 1 AND 60),
    en text CHECK (en = btrim(en) AND length(en) BETWEEN 1 AND 60),
    erased boolean NOT NULL DEFAULT false,
    published_version bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, id),
    CHECK (CASE WHEN erased THEN zh IS NULL AND en IS NULL ELSE zh IS NOT NULL END)
);
CREATE INDEX directory_own_unpublished ON directory_own (kind, id) WHERE published_version < version;

-- Names as all services give them, read from the topic.
CREATE TABLE directory (
    key text PRIMARY KEY,
    version bigint NOT NULL,
    zh text NOT NULL,
    en text
);
