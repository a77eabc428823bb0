"""The skin between the pure models and the world: reading, writing, caching, recording."""
