"""TensorBoard: event files, the log directory, histograms and the server process."""
