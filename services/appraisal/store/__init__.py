"""All SQL of the service: it knows tables."""
