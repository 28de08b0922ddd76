"""How far a run is: a bar on a terminal, a line now and then elsewhere."""

import time

_WIDTH = 30
_SECONDS_BETWEEN_LINES = 5


class Progress:
    def __init__(self, out, label, files, size, quiet=False):
        self._out = out
        self._label = label
        self._files, self._size = files, size
        self._done_files = self._done_size = 0
        self._quiet = quiet
        self._is_terminal = out.isatty()
        self._told = time.monotonic()
        self._drawn = False

    def advance(self, files, size):
        self._done_files += files
        self._done_size += size
        if self._quiet:
            return
        if self._is_terminal:
            self._draw()
        elif time.monotonic() - self._told >= _SECONDS_BETWEEN_LINES and self._done_files < self._files:
            self._told = time.monotonic()
            self._out.write(f"{self._label}: {self._state()}")

    def close(self):
        if self._drawn:
            self._out.write("")

    def _draw(self):
        filled = _WIDTH * self._done_files // max(self._files, 1)
        bar = "#" * filled + "." * (_WIDTH - filled)
        self._out.write(f"\r{self._label} [{bar}] {self._state()}", ending="")
        self._out.flush()
        self._drawn = True

    def _state(self):
        return f"{self._done_files:,} of {self._files:,} files, {size_text(self._done_size)} of {size_text(self._size)}"


def size_text(size):
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:,} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1000
    return ""
