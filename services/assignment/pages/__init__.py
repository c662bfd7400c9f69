"""Pages for those who handle cases, one noun a file."""
