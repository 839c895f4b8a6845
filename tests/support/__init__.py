"""What the tests share: array libraries, cases drawn from the declarations, truth and bounds."""
