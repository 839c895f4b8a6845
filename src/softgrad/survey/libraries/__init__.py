"""The libraries that are surveyed, one file each; each names its calls as its users do."""
