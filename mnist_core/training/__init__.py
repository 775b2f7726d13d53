"""Training: the compiled fit loop, the callbacks that follow it, and the job a worker runs.

Only ``fit``, ``callbacks`` and ``programs`` import Keras when they are imported; ``job`` loads
them inside the worker, so the web process never does.
"""
