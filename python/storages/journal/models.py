"""What a transaction does to files, written in that transaction: it is done when the row is there afterwards."""

from django.db import models
from django.utils import timezone


class Entry(models.Model):
    """A file to be put in place, or with nothing staged, to be deleted. Gone when that is done."""

    digest = models.CharField(max_length=64, db_index=True)  # of place and name, which are too long for an index
    place = models.TextField()
    name = models.TextField()
    staged = models.TextField(blank=True)
    # Who is at it, and since when: see storages.journal.finishing.
    owner = models.CharField(max_length=32)
    claimed = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "storages_journal"  # where only the app above is installed, it would be that one's
        verbose_name_plural = "entries"

    def __str__(self):
        return f"{'put' if self.staged else 'delete'} {self.name}"
