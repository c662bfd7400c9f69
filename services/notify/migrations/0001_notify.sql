-- What a case has told so far that a later notice about it needs: whom to tell, and the limit in force. Written by the
-- reaction in the transaction of its marks, and as durable as they are.
CREATE TABLE case_contact (
    petition uuid PRIMARY KEY,
    resident text,
    due timestamptz
);

-- Notices as the pages show them: a projection of the own log, `rebuild` refills it. Opaque ids alone.
CREATE TABLE notice (
    notice uuid PRIMARY KEY,
    position bigint NOT NULL UNIQUE, -- of notice.raised in the own log: the order in which they were told
    reason text NOT NULL,
    petition uuid NOT NULL,
    cause uuid NOT NULL,
    resident text,
    cadre text,
    office text,
    happened timestamptz NOT NULL, -- the time of the cause
    CHECK (num_nonnulls(resident, cadre, office) = 1)
);
CREATE INDEX notice_of_cadre ON notice (cadre, position) WHERE cadre IS NOT NULL;
CREATE INDEX notice_of_office ON notice (office, position) WHERE office IS NOT NULL;

-- Notices that were marked as read in the pages. A bookmark of the reader, no event: nobody is to count who reads when.
CREATE TABLE reading (
    notice uuid PRIMARY KEY,
    read timestamptz NOT NULL DEFAULT now()
);

-- What has to leave, and what has left: durable truth beside the log. Neither address nor text.
CREATE TABLE outbox (
    notice uuid NOT NULL,
    channel text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'sent', 'given-up', 'held', 'dropped')),
    attempt int NOT NULL DEFAULT 0, -- tries that have ended, the good one included
    recorded timestamptz NOT NULL, -- when the cause was recorded by its log
    due timestamptz NOT NULL, -- not tried before
    epoch bigint NOT NULL DEFAULT 0, -- counts claims; whoever is overtaken finds another number
    claimed_by text NOT NULL DEFAULT '',
    claimed_until timestamptz NOT NULL DEFAULT '-infinity',
    decided_by text, -- who released or dropped it, and why
    grounds text,
    decided timestamptz,
    PRIMARY KEY (notice, channel)
) WITH (fillfactor = 70);
CREATE INDEX outbox_waiting ON outbox (due) WHERE state = 'waiting';
CREATE INDEX outbox_held ON outbox (recorded) WHERE state = 'held';

-- Times for which notices are held back, whenever they are raised: their cause was recorded in between.
CREATE TABLE hold (
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    made_by text NOT NULL,
    grounds text NOT NULL,
    made timestamptz NOT NULL DEFAULT now(),
    CHECK (since < until)
);

-- Ends a claim with what became of it. A sender that was overtaken breaks here, and nothing of its transaction is kept.
CREATE FUNCTION end_claim(of_notice uuid, by_channel text, mine bigint, becomes text, tries int, due_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE outbox SET state = becomes, attempt = tries, due = due_at, claimed_by = '', claimed_until = '-infinity'
    WHERE notice = of_notice AND channel = by_channel AND epoch = mine AND state = 'waiting';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another sender has claimed notice %', of_notice
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END $$;
