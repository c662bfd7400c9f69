-- What a service's consumers have received. Marks, parked rows and kinds are durable truth; bookmarks are hints.
CREATE TABLE mark (
    consumer text NOT NULL,
    source text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (consumer, source, topic, partition)
) WITH (fillfactor = 50);

CREATE TABLE bookmark (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (consumer, topic, partition)
) WITH (fillfactor = 50);

-- A message that could not be applied, and the later ones of its key. Without source and number it lay outside a lane.
-- Never its bytes: the topic keeps them.
CREATE TABLE parked (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    at_offset bigint NOT NULL,
    source text,
    number bigint,
    key text,
    reason text NOT NULL,
    parked timestamptz NOT NULL DEFAULT now(),
    accepted timestamptz,
    accepted_by text,
    grounds text,
    CHECK ((source IS NULL) = (number IS NULL) AND (source IS NULL) = (key IS NULL))
);
CREATE UNIQUE INDEX parked_in_lane ON parked (consumer, topic, partition, source, number) WHERE source IS NOT NULL;
CREATE UNIQUE INDEX parked_alone ON parked (consumer, topic, partition, at_offset) WHERE source IS NULL;
CREATE INDEX parked_key ON parked (consumer, topic, key) WHERE accepted IS NULL;

-- The kinds of event that a consumer's marks speak for: a kind that came later has its events behind the marks.
CREATE TABLE kind (
    consumer text NOT NULL,
    type text NOT NULL,
    PRIMARY KEY (consumer, type)
);

-- The last number of each lane as its log sealed it: what has to be here, so that a lost tail shows.
CREATE TABLE expected (
    source text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    number bigint NOT NULL,
    sealed timestamptz NOT NULL,
    PRIMARY KEY (source, topic, partition)
);

-- Moves marks from the numbers they were read at. A miss means that somebody else moved on: start again.
CREATE FUNCTION move_marks(name text, sources text[], topics text[], partitions int[], before bigint[], after bigint[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    moved int;
BEGIN
    INSERT INTO mark
    SELECT name, n.source, n.topic, n.partition, 0
    FROM unnest(sources, topics, partitions, before) AS n (source, topic, partition, was)
    WHERE n.was = 0 ORDER BY n.source, n.topic, n.partition
    ON CONFLICT DO NOTHING;
    UPDATE mark m SET number = n.number
    FROM unnest(sources, topics, partitions, before, after) AS n (source, topic, partition, was, number)
    WHERE m.consumer = name AND m.source = n.source AND m.topic = n.topic AND m.partition = n.partition
      AND m.number = n.was;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> cardinality(sources) THEN
        RAISE EXCEPTION 'a mark of % was moved by another process', name USING ERRCODE = 'serialization_failure';
    END IF;
END $$;

-- Queues messages behind the parked ones of their keys. A key that was freed meanwhile means: start again.
CREATE FUNCTION queue_behind(name text, topics text[], partitions int[], offsets bigint[], sources text[],
                             numbers bigint[], keys text[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM unnest(topics, keys) AS n (topic, key)
        WHERE NOT EXISTS (SELECT FROM parked p WHERE p.consumer = name AND p.topic = n.topic AND p.key = n.key
                          AND p.accepted IS NULL)
    ) THEN
        RAISE EXCEPTION 'a parked key of % was freed', name USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO parked (consumer, topic, partition, at_offset, source, number, key, reason)
    SELECT name, n.topic, n.partition, n.at_offset, n.source, n.number, n.key, 'behind'
    FROM unnest(topics, partitions, offsets, sources, numbers, keys)
         AS n (topic, partition, at_offset, source, number, key)
    ON CONFLICT DO NOTHING;
END $$;
