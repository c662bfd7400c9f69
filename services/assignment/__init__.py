"""assignment says who answers for whom and what, and by when: register, zones, pairing, petition cases, limits."""
