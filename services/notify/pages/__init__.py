"""notify's pages."""
