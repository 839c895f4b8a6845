"""Which entries are wrong."""
