"""CBOW and skip-gram in Keras/TensorFlow: a small exact model to learn from, and a fast one with negative sampling."""
