"""Keeping and sorting more than fits into memory: temporary files, read a block at a time."""

import heapq
import marshal
import tempfile

_IN_MEMORY = 50_000  # records
_BLOCK = 500  # records that are read at a time
_RUNS = 32  # that are merged at once


class Spool:
    """Tuples of texts and numbers, in the order they were added."""

    def __init__(self):
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._block = []

    def add(self, record):
        self._block.append(record)
        if len(self._block) >= _BLOCK:
            self._flush()

    def __iter__(self):
        self._flush()
        self._file.seek(0)
        while True:
            try:
                block = marshal.load(self._file)
            except EOFError:
                return
            yield from block

    def close(self):
        self._file.close()

    def _flush(self):
        if self._block:
            marshal.dump(self._block, self._file)
            self._block = []


class Sorted:
    """Such tuples in order, whatever the order they come in. What is in order already is one run."""

    def __init__(self, records, in_memory=_IN_MEMORY):
        self._runs = []
        self._last = None
        chunk = []
        for record in records:
            chunk.append(record)
            if len(chunk) >= in_memory:
                self._add(chunk)
                chunk = []
        if chunk:
            self._add(chunk)

    def __iter__(self):
        return heapq.merge(*self._runs)

    def close(self):
        for run in self._runs:
            run.close()

    def _add(self, chunk):
        chunk.sort()
        if self._last is None or chunk[0] < self._last:
            if len(self._runs) >= _RUNS:
                self._merge()
            self._runs.append(Spool())
        self._last = chunk[-1]
        for record in chunk:
            self._runs[-1].add(record)

    def _merge(self):
        merged = Spool()
        for record in self:
            merged.add(record)
        self.close()
        self._runs = [merged]
