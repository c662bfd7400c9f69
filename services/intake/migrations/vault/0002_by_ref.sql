-- Words are asked for by their reference, whoever said them.
CREATE INDEX text_of_ref ON text (ref) WHERE ref <> '';
