"""Experiments as data: configuration, architectures, presets, and network inputs."""
