"""Everything that computes: values in, values out. No files, no network, no orchestration, no tracking."""
