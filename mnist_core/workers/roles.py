"""What a worker is for, as a Dask resource and as a variable of its process."""

#: Trainings, readings (what a person waits for after each stroke, say), or what takes longer than
#: a reading may wait.
TRAIN, INTERACTIVE, BACKGROUND = "train", "interactive", "background"
#: Set by the engine for each worker.
ROLE_VARIABLE = "MNIST_LAB_WORKER_ROLE"
