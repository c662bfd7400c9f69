-- Appraisal's facts as its projection would have written them, for a province of Chongqing's size: 1,000 townships,
-- 11,000 villages, 110,000 groups, 10 million households, 354,000 cadres, 576,000 households paired, and the quarter of
-- three years with 46 million visits to households and 3.7 million petitions. `{scale}` shrinks it all.

SELECT setseed(0.5);

CREATE TEMP TABLE place AS
SELECT nth, '50' || lpad((1 + nth / 1_100)::text, 4, '0') || lpad((nth / 11 % 100)::text, 3, '0') AS township,
       lpad((1 + nth % 11)::text, 3, '0') AS village
FROM generate_series(0, (11_000 * {scale})::int - 1) AS nth;

INSERT INTO region (region, version, level, parent)
SELECT DISTINCT township || '000', 1, 'township', left(township, 6) FROM place
UNION ALL SELECT township || village, 1, 'village', township || '000' FROM place;

INSERT INTO zone (zone, version, level, groups, region)
SELECT 'g-' || nth * 10 + of, 1, 0, ARRAY[township || village || lpad((1 + of)::text, 3, '0')], township || village
FROM place, generate_series(0, 9) AS of
UNION ALL
SELECT 'v-' || nth, 1, 1, ARRAY(SELECT township || village || lpad(of::text, 3, '0') FROM generate_series(1, 10) AS of),
       township || village
FROM place;

INSERT INTO household (household, version, grp)
SELECT 'h-' || lpad((nth * 920 + of * 92 + house)::text, 8, '0'), 1, township || village || lpad((1 + of)::text, 3, '0')
FROM place, generate_series(0, 9) AS of, generate_series(0, 91) AS house ORDER BY 1;

-- Every group has a leader, every village too; the others have the paired households, two or three each.
INSERT INTO cadre (cadre, version, office, rank)
SELECT 'c-' || lpad(nth::text, 6, '0'), 1, 'office-' || nth % 1_000,
       CASE WHEN nth < 110_000 * {scale} THEN 'village' WHEN nth % 3 > 0 THEN 'township' ELSE 'county-division' END
FROM generate_series(0, (354_000 * {scale})::int - 1) AS nth;

INSERT INTO responsibility (kind, subject, cadre, since, version, until)
SELECT 'term', cadre, cadre, DATE '2024-01-01', 1, NULL::date FROM cadre
UNION ALL
SELECT 'leader', 'g-' || nth, 'c-' || lpad(nth::text, 6, '0'), DATE '2024-01-01', 1, NULL
FROM generate_series(0, (110_000 * {scale})::int - 1) AS nth
UNION ALL
SELECT 'leader', 'v-' || nth, 'c-' || lpad((110_000 * {scale} + nth)::int::text, 6, '0'), DATE '2024-01-01', 1, NULL
FROM generate_series(0, (11_000 * {scale})::int - 1) AS nth
UNION ALL
SELECT 'pairing', 'h-' || lpad((nth * 17)::text, 8, '0'),
       'c-' || lpad((121_000 * {scale} + nth % (233_000 * {scale})::int)::int::text, 6, '0'), DATE '2025-01-01', 1, NULL
FROM generate_series(0, (576_000 * {scale})::int - 1) AS nth;

-- Visits to households drawn at random, by who answers for them.
INSERT INTO visit (visit, entry_version, entry_event, entry_type, entry_time, entry_recorded, cadre, day, households)
SELECT gen_random_uuid(), 1, gen_random_uuid(), 'lianxin.visit.logged.v1', made, made, cadre, day, ARRAY[household]
FROM (
    SELECT 'h-' || lpad(house::text, 8, '0') AS household, DATE '2026-01-01' + nth % 90 AS day,
           TIMESTAMPTZ '2026-01-01T02:00Z' + nth % 90 * INTERVAL '1 day' AS made,
           'c-' || lpad((CASE WHEN house % 17 = 0 AND house / 17 < 576_000 * {scale}
               THEN 121_000 * {scale} + house / 17 % (233_000 * {scale})::int ELSE house / 92 END)::int::text, 6, '0')
           AS cadre
    FROM (
        SELECT nth, (random() * (10_120_000 * {scale} - 1))::int AS house
        FROM generate_series(1, (3_850_000 * {scale})::int) AS nth
    ) AS drawn
) AS visited;

INSERT INTO case_fact (petition, opened_version, opened_event, opened_time, registered, month, zone, limit_version,
                       limit_event, due, first_limit_version, first_due, credit_version, credit_event, office, cadre,
                       reply_version, reply_event, replied, first_reply_version, first_replied, petition_version,
                       complaint, verdict_version, verdict_event, verdict_time, solved, satisfied)
SELECT gen_random_uuid(), 1, gen_random_uuid(), made, made, date_trunc('month', made), 'v-' || village, 2,
       gen_random_uuid(), made + INTERVAL '60 days', 2, made + INTERVAL '60 days', 3, gen_random_uuid(),
       'office-' || village % 1_000, 'c-' || lpad((110_000 * {scale} + village)::int::text, 6, '0'), 4,
       gen_random_uuid(), made + waited, 4, made + waited, 1, false, 1, gen_random_uuid(), made + waited,
       CASE WHEN nth % 4 = 0 THEN 'not-solved' ELSE 'solved' END, CASE WHEN nth % 5 = 0 THEN 'dissatisfied' ELSE 'satisfied' END
FROM (
    SELECT nth, TIMESTAMPTZ '2026-01-01T02:00Z' + nth % 90 * INTERVAL '1 day' AS made, nth % 80 * INTERVAL '1 day' AS waited,
           (random() * (11_000 * {scale} - 1))::int AS village
    FROM generate_series(1, (305_000 * {scale})::int) AS nth
) AS raised;

INSERT INTO progress VALUES ('/x/intake/1', 'visits', 0, TIMESTAMPTZ '2026-04-01T00:00Z');
