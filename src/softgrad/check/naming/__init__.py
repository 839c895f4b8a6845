"""From a wrong derivative to the bug's name."""
