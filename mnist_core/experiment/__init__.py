"""What an experiment is, as data: configuration, architectures, presets, model inputs."""
