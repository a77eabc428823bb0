"""Do texts look like those that a model learned from, and how well does it probably judge them? Pure statistics."""
