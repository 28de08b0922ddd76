"""Static files in bulk: what collectstatic of this app does with a storage of ours."""
