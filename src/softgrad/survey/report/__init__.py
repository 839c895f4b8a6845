"""The survey's answer: data, text, terminal and page."""
