"""The answer of a check and the vocabulary of bugs."""
