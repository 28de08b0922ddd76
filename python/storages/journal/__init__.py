"""The journal of storages.transactional, an app of its own: who does not use it has no table."""
