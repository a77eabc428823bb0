"""Answers from what was trained: nearest words, analogies, word senses, generated text."""
