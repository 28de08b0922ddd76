"""boto's progress callbacks: ``cb(bytes so far, bytes in all)``, at most about `num_cb` times."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Callback = Callable[[int, int], object]


class Progress:
    """Tells the beginning, the end, and between them what `num_cb` asks for: below 0 every step, up to 2 nothing."""

    def __init__(self, callback: Callback | None, num_cb: int, total: int) -> None:
        self._callback = callback
        self._total = total
        self._told = 0
        steps = num_cb - 2
        self._every = 1 if num_cb < 0 else (-(-total // steps) if steps > 0 else total + 1)
        if callback:
            callback(0, total)

    def __call__(self, done: int) -> None:
        if self._callback and done < self._total and done - self._told >= self._every:
            self._told = done
            self._callback(done, self._total)

    def finish(self, done: int) -> None:
        if self._callback:
            self._callback(done, self._total)
