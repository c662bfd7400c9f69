-- Petitions about officials, and about whom. From topics, not from the own log, so that nothing of it is published again:
-- `rebuild` leaves these tables alone. A petition is in the first from the moment it has a case.
CREATE TABLE complained (
    petition uuid PRIMARY KEY
);
CREATE TABLE complaint (
    petition uuid NOT NULL,
    cadre text NOT NULL,
    PRIMARY KEY (petition, cadre)
);
