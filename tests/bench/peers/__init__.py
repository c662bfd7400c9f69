"""What else one could take: each with the tuning its own documents give, ending in the same rows of PostgreSQL."""
