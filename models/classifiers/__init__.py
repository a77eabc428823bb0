"""The classifiers that are no recurrent networks, ensembles, calibration, and the pipeline from text to probability."""
