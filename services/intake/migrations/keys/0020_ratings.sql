-- The X25519 key pair that a round's answers are sealed to; made with its first answer, destroyed when it has ended.
CREATE TABLE rating_key (
    round uuid PRIMARY KEY,
    private bytea NOT NULL,
    public bytea NOT NULL
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
