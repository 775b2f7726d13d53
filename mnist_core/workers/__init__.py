"""Worker processes: the engine, the pool, roles, remote calls, and the set-up of a worker."""
