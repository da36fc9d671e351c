"""Stands in for FastReID, so that what the documentation says about it runs: its calls, with features of colours."""
