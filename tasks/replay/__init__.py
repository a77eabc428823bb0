"""Replaying a run: what was asked, with which code and data; then whether every artifact comes out the same."""
