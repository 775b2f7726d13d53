"""Models from outside: read as data, never run.

A model file is a description and arrays. The description is JSON, and could name any code on this
machine: Keras would look the names up, and has been talked into running them more than once. So
nothing of a file is handed to Keras. A table of known layers and settings says what may stand in a
description (:mod:`allowed`, :mod:`plan`), the arrays are read one by one (:mod:`arrays`), and the
network is built anew from both (:mod:`build`). What the lab keeps is that network, saved by the
lab itself; the file is thrown away.

Only worker processes do this (:mod:`arrival`), and the file itself is opened in a process of its
own that may use little and write nothing (:mod:`apart`): the library that reads HDF5 can be made to
crash or to run for ever by a file that is cleverly damaged.
"""
