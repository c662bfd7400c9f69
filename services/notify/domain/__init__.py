"""Decisions of notify: pure, no clock, no I/O."""
