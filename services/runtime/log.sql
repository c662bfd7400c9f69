-- The log of a service: one order, gapless positions, dense numbers per lane (protocol rules 1 and 2).
CREATE TABLE head (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    position bigint NOT NULL DEFAULT 0,
    recordedtime timestamptz NOT NULL DEFAULT '-infinity',
    incarnation int NOT NULL DEFAULT 1
) WITH (fillfactor = 10);
INSERT INTO head DEFAULT VALUES;

CREATE TABLE lane (
    incarnation int NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (incarnation, topic, partition)
) WITH (fillfactor = 20);

CREATE TABLE events (
    position bigint PRIMARY KEY,
    stream text NOT NULL,
    version bigint NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    number bigint NOT NULL,
    incarnation int NOT NULL,
    time timestamptz NOT NULL,
    recordedtime timestamptz NOT NULL,
    authtype text NOT NULL,
    authid text NOT NULL,
    causation uuid NOT NULL,
    siblings int NOT NULL, -- events of the same cause, itself included; they stand side by side
    commandhash bytea,
    data json NOT NULL,
    CONSTRAINT events_id UNIQUE (id),
    CONSTRAINT events_stream_version UNIQUE (stream, version),
    CONSTRAINT events_lane UNIQUE (incarnation, topic, partition, number)
);

-- Numbers and writes events in the order given; answers with their places. Locks head until the transaction ends.
-- A taken id breaks events_id, a taken version events_stream_version: nothing is written then.
CREATE FUNCTION append(
    streams text[], versions bigint[], ids uuid[], types text[], topics text[], partitions int[],
    times timestamptz[], authtypes text[], authids text[], causations uuid[], hashes bytea[], datas text[]
) RETURNS TABLE (event uuid, in_incarnation int, in_topic text, in_partition int, as_number bigint)
LANGUAGE plpgsql AS $$
DECLARE
    base head;
    recorded timestamptz;
BEGIN
    SELECT * INTO STRICT base FROM head FOR UPDATE;
    recorded := greatest(clock_timestamp(), base.recordedtime);
    UPDATE head SET position = base.position + cardinality(ids), recordedtime = recorded;
    RETURN QUERY
    WITH incoming AS (
        SELECT i.*, row_number() OVER (PARTITION BY i.topic, i.partition ORDER BY i.nth) AS place_in_lane,
               count(*) OVER (PARTITION BY i.causation) AS siblings
        FROM unnest(streams, versions, ids, types, topics, partitions, times, authtypes, authids, causations, hashes,
                    datas) WITH ORDINALITY
             AS i (stream, version, id, type, topic, partition, time, authtype, authid, causation, hash, data, nth)
    ), counted AS (
        SELECT i.topic, i.partition, count(*) AS n FROM incoming i GROUP BY i.topic, i.partition
    ), moved AS (
        INSERT INTO lane AS l (incarnation, topic, partition, number)
        SELECT base.incarnation, c.topic, c.partition, c.n FROM counted c
        ON CONFLICT (incarnation, topic, partition) DO UPDATE SET number = l.number + excluded.number
        RETURNING l.topic, l.partition, l.number
    )
    INSERT INTO events AS e
    SELECT base.position + i.nth, i.stream, i.version, i.id, i.type, i.topic, i.partition,
           m.number - c.n + i.place_in_lane, base.incarnation, i.time, recorded, i.authtype, i.authid, i.causation,
           i.siblings, i.hash, i.data::json
    FROM incoming i JOIN counted c USING (topic, partition) JOIN moved m USING (topic, partition)
    ORDER BY i.nth
    RETURNING e.id, e.incarnation, e.topic, e.partition, e.number;
    NOTIFY log;
END $$;

-- How far the log is in Kafka, and which relay may say so. One is active: the one whose epoch stands here.
CREATE TABLE relay (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    position bigint NOT NULL DEFAULT 0,
    sealed bigint NOT NULL DEFAULT 0,
    sealed_at timestamptz NOT NULL DEFAULT '-infinity',
    epoch bigint NOT NULL DEFAULT 0,
    holder text NOT NULL DEFAULT '',
    expires timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 10);
INSERT INTO relay DEFAULT VALUES;

-- Renews the lease of an epoch and moves the relay's mark. A relay that was overtaken breaks here.
CREATE FUNCTION relay_at(mine bigint, at bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE relay SET position = at, expires = clock_timestamp() + interval '5 s' WHERE epoch = mine;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another relay holds the lease' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END $$;
