"""Runs and models on their way out and in: export, code, archives, uploads, import."""
