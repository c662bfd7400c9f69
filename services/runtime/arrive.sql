-- The marks of a consumer once they are no longer what is known of them, which is their sum, or else after 0.1 s. Who
-- asks waits here, where each look costs a few microseconds, and hears of a commit within two milliseconds.
-- Every look has a snapshot of its own: the function is volatile, and READ COMMITTED holds.
CREATE FUNCTION arrive(name text, known bigint) RETURNS SETOF mark LANGUAGE plpgsql AS $$
BEGIN
    FOR nth IN 1 .. 50 LOOP
        EXIT WHEN (SELECT coalesce(sum(number), 0) FROM mark WHERE consumer = name) <> known;
        PERFORM pg_sleep(0.002);
    END LOOP;
    RETURN QUERY SELECT * FROM mark WHERE consumer = name;
END $$;
