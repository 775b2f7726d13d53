"""Python code that trains a run again outside the lab, as a script or a notebook."""
