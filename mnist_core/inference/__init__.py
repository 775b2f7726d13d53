"""Trained models in use: loading, prediction, explanation, inspection. Only workers run it."""
