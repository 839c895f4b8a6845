"""What is checked: the function at a point, its claim, run safely and seen as flat vectors."""
