"""Every module here registers scenarios; see harness.py."""
