-- What a restore has cost the log (protocol rule 13). Positions that are nowhere, in the log or in Kafka:
CREATE TABLE lost (
    first bigint PRIMARY KEY,
    last bigint NOT NULL CHECK (last >= first)
);

-- Commands and causes of whose events a part may be missing. A repeat of one is refused: it can be neither first nor done.
CREATE TABLE torn (cause uuid PRIMARY KEY);

-- Where lanes end that a recovered log has left behind, its own and those of others. What lies beyond belongs to no log.
CREATE TABLE closed (
    source text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (source, topic, partition)
);

-- As before, and no mark moves beyond the end of its lane: a process that read its marks before the end was known starts
-- again.
CREATE OR REPLACE FUNCTION move_marks(
    name text, sources text[], topics text[], partitions int[], before bigint[], after bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
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
    LEFT JOIN closed c USING (source, topic, partition)
    WHERE m.consumer = name AND m.source = n.source AND m.topic = n.topic AND m.partition = n.partition
      AND m.number = n.was AND (c.number IS NULL OR n.number <= greatest(c.number, n.was));
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> cardinality(sources) THEN
        RAISE EXCEPTION 'a mark of % was moved by another process', name USING ERRCODE = 'serialization_failure';
    END IF;
END $$;
