"""From tables to answers in words, for HTTP and pages alike."""
