"""Looking into a trained classifier: why it answers so, and how it behaves on written cases."""
