"""Training: the compiled fit loop, its Keras callbacks, and the job that a worker runs.

Importing ``job`` does not import Keras. The worker's process loads it when a run begins, so the
web process never does.
"""
