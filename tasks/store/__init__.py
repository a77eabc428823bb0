"""The artifact store: digests of content, file formats, checkpoints."""
