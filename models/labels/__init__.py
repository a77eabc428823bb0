"""Which tweets to ask people about, how far they agree, and which labels are probably wrong."""
