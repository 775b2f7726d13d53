"""The laboratory without its pages: data, architectures, training, criteria and the run store.

Nothing here knows of a browser. Importing this package or its data modules loads neither
Keras nor TensorFlow, so a page, a test or the command line can use them at once.
"""
