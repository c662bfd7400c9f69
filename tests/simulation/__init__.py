"""The protocol as a seeded simulation: the real code over a PostgreSQL and a Kafka in memory (`README.md`)."""
