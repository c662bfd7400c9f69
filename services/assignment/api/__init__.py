"""HTTP to command or query, one noun a file."""
