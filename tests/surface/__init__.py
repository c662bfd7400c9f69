"""What comes from outside: every route by its OpenAPI document, every parser by what it does not expect."""
