"""Import and export of runs and models: file formats, generated code, archives, uploads."""
