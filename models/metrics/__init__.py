"""Scores of a classifier, their uncertainty, tests of differences, and scores of slices."""
