"""Trying the derivative where the user's example does not look."""
