"""Files that follow the database: put in place when the transaction commits, gone when it is rolled back."""

from storages.transactional.storage import StagedFile, TransactionalStorage

__all__ = ["StagedFile", "TransactionalStorage"]
