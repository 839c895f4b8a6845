"""Programs that show a wrong derivative without softgrad."""
