"""The drill: labelled tweets of past events replayed in order of time, under several policies."""
