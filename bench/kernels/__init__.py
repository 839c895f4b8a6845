"""What is measured of the kernels, how, and what was promised."""
