"""Data, network architectures, training, evaluation and the run store; no user interface.

Importing this package or its data modules loads neither Keras nor TensorFlow.
"""
