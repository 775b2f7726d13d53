"""Import of Keras models: files are read as data, never executed.

A model file is a description and arrays. The description is JSON and can name any code on the
machine; Keras has been tricked into running such code more than once. So Keras never loads the
file. A table of known layers and settings checks the description (:mod:`allow_list`,
:mod:`plan`), the arrays are read one by one (:mod:`arrays`), and the network is rebuilt from both
(:mod:`build`) with new names. The app keeps that network and deletes the file.

Files of Keras 1, Keras 2 and ``tf.keras`` are first translated into the format of Keras 3
(:mod:`legacy`, :mod:`channels`). The range of pixels that a network expects is measured
(:mod:`pixel_range`); page and command line report the same findings (:mod:`findings`).

Only worker processes import models (:mod:`importer`). A separate process with little memory and no
right to write opens the file (:mod:`sandbox`), since a damaged file can crash the HDF5 library or
keep it busy without an end.
"""
