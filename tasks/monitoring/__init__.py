"""Watching a model in use: do new tweets look like those that it was tested on, and how well does it probably do?"""
