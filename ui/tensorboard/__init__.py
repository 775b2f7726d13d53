"""The TensorBoard page."""
