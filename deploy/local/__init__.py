"""The embedded stack: Kafka and PostgreSQL without Docker, and the services, supervised."""
