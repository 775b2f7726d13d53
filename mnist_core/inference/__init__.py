"""Inference with trained models: load, predict, explain, inspect. Only workers import it."""
