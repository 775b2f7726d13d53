"""The worker processes: the engine that gives them runs, the pool, and their set-up."""
