"""What becomes of a project's settings, whichever release they were written for: `python -m storages.check`."""
