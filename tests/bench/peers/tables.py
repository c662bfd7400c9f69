"""The rows that every peer writes: one of a visit, and its tallies."""

FACT = "INSERT INTO visit (visit, cadre, day, households) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
ONE_MORE = (
    "INSERT INTO visit_tally AS t VALUES (%s, %s, %s, 1)"
    " ON CONFLICT (household, day, cadre) DO UPDATE SET visits = t.visits + 1"
)
AS_MANY = (
    "INSERT INTO visit_tally VALUES (%s, %s, %s, %s)"
    " ON CONFLICT (household, day, cadre) DO UPDATE SET visits = excluded.visits"
)
