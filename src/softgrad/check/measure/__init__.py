"""The truth: directional derivatives with their own error bars, and the probe built on them."""
