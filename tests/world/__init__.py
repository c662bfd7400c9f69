"""A whole installation for one test: its own space on the run's servers, real service processes, a deadline for all."""
