"""All SQL of intake, for its own database, the vault and the keys. Knows tables, no rules."""
