"""The logged model: what MLflow stores of a classifier, and how it is loaded and asked."""
