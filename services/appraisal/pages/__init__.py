"""Pages, one noun a file: what `queries/` answers, for people to read."""
