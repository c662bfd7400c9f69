-- The versions of a stream have no gap, whoever writes: a decision that was made on a stream, and waited while the
-- database was replaced by an older one, would follow on what is not there (protocol rule 4).
-- Called for each row, after those before it: a command's later events find its earlier ones.
CREATE FUNCTION follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM events WHERE stream = NEW.stream AND version = NEW.version - 1) THEN
        RAISE EXCEPTION 'version % of % follows on nothing', NEW.version, NEW.stream
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'events_stream_dense';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER events_stream_dense BEFORE INSERT ON events
    FOR EACH ROW WHEN (NEW.version > 1) EXECUTE FUNCTION follows();
