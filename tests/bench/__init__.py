"""Measurements against hand-written statements. `make bench` runs them all and prints a table."""
