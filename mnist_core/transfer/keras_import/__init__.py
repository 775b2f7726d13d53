"""Models from outside: read as data, never run.

A model file is a description and arrays. The description is JSON, and could name any code on this
machine: Keras would look the names up, and has been talked into running them more than once. So
nothing of a file is handed to Keras. A table of known layers and settings says what may stand in a
description (:mod:`allowed`, :mod:`plan`), the arrays are read one by one (:mod:`arrays`), and the
network is built anew from both (:mod:`build`), under names of our own. What the lab keeps is that
network, saved by the lab itself; the file is thrown away.

Files of Keras 1 and 2 and of ``tf.keras`` are put into the words and the layout of Keras 3 first
(:mod:`legacy`, :mod:`channels`). How a network wants its pixels is measured (:mod:`measuring`), and
what was found is said in the same words on the page and on the command line (:mod:`findings`).

Only worker processes do this (:mod:`arrival`), and the file itself is opened in a process of its
own that may use little and write nothing (:mod:`apart`): the library that reads HDF5 can be made to
crash or to run for ever by a file that is cleverly damaged.
"""
