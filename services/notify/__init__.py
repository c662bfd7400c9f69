"""Who must be told, once, by which channel (N1-N3)."""
