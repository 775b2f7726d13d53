"""Several runs as one study: cross-validation, fine-tuning, reproduction, next experiments."""
