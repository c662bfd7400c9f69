-- What a cadre is good at (R3), and how much care a household needs, a weight without its reason (R4). Events from before
-- say neither, and mean none.
ALTER TABLE cadre ADD COLUMN strengths text[] NOT NULL DEFAULT '{}';
ALTER TABLE household ADD COLUMN care text NOT NULL DEFAULT 'none';
