"""Labels that people give: asked for by a queue, kept with their history, exchanged as files, learned from."""
