"""Stands in for torchreid, so that what the documentation says about it runs: its call, with features of colours."""
