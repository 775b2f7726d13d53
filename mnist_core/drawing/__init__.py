"""A drawing or a photo of a digit, brought into the format of MNIST. NumPy and SciPy only."""
