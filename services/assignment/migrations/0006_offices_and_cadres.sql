-- The cadres of an office, and what a cadre leads: every page of the desk asks.
CREATE INDEX cadre_of_office ON cadre (office);
CREATE INDEX responsibility_of_cadre ON responsibility (cadre, kind);
