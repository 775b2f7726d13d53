"""Roles of workers, used as Dask resources and in an environment variable."""

#: Trainings, predictions that a person waits for after each stroke, and longer requests.
TRAIN, INTERACTIVE, BACKGROUND = "train", "interactive", "background"
#: Environment variable that the engine sets for each worker.
ROLE_VARIABLE = "MNIST_LAB_WORKER_ROLE"
