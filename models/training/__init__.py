"""What every training loop shares: checkpoints to go on from, and the watch that stops one that goes wrong."""
