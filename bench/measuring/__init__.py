"""What the measurements of the checker share."""
