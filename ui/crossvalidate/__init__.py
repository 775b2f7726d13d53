"""The Cross-validate page."""
