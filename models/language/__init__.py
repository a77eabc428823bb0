"""Language models: the next word of a text, by recurrent networks; text drawn from them; layers that others start from.

`settings`, `documents` and `generation` need no TensorFlow.
"""
