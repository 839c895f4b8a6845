"""What an audit found, and how it is told."""
