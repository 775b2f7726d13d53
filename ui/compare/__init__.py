"""What the Compare page alone uses."""
