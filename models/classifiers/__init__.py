"""Classifiers other than recurrent networks, ensembles, calibration, and the pipeline from text to probability."""
