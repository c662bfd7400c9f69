-- The desk of all: what has not ended is counted, and any page is read in its order, however many cases have ended.
CREATE INDEX case_now_open ON case_now (due, petition) WHERE ended IS NULL;
CREATE INDEX case_now_listed ON case_now ((ended IS NOT NULL), due, petition);
