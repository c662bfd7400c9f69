-- Regions and offices as the register has them now (R1, R2); a zone has the smallest region that holds it.
CREATE TABLE region (
    region text PRIMARY KEY,
    level text NOT NULL,
    parent text
);
CREATE TABLE office (
    office text PRIMARY KEY,
    sector text NOT NULL,
    region text NOT NULL
);
ALTER TABLE zone ADD COLUMN region text;
