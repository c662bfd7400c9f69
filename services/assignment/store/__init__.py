"""All SQL of assignment; it knows tables, no rules."""
