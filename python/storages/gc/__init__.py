"""manage.py storages gc: files that no row names, and rows whose file is not there."""
