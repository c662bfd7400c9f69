"""HTTP to query, one noun a file."""
