"""The ledger of requests: what a block of code asked of services."""

from __future__ import annotations

from contextvars import ContextVar, Token

from orlop import native
from orlop.exceptions import TooManyRequests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_current: ContextVar[native.Ledger | None] = ContextVar("orlop_ledger", default=None)

_SHOWN_CALLS = 10  # in the message of an exception

# The ledger of the innermost block around the caller, for the engine's calls.
current = _current.get


class requests:
    """Counts the requests made inside the block; raises `TooManyRequests` at its end when there were more than `max`.

        with orlop.requests(max=1) as ledger:
            storage.exists("a.txt")
        ledger.operations  # {"HeadObject": 1}

    Follows the context (`contextvars`), not the thread; `all_threads` counts what every thread does. Blocks nest.
    """

    def __init__(self, max: int | None = None, *, all_threads: bool = False) -> None:
        self.max = max
        self._all_threads = all_threads
        self._ledger = native.Ledger(None)
        self._token: Token[native.Ledger | None] | None = None

    def __enter__(self) -> requests:
        if self._all_threads:
            self._ledger = native.Ledger(None)
            self._ledger.watch_all_threads(True)
        else:
            self._ledger = native.Ledger(current())
            self._token = _current.set(self._ledger)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ledger.watch_all_threads(False)
        if self._token is not None:
            _current.reset(self._token)
            self._token = None
        if kind is None and self.max is not None and self.count > self.max:
            raise TooManyRequests(f"{self.count} requests instead of at most {self.max}: {self} ({self._callers()})")

    @property
    def count(self) -> int:
        return self._ledger.totals()[0]

    @property
    def retries(self) -> int:
        return self._ledger.totals()[1]

    @property
    def bytes_sent(self) -> int:
        return self._ledger.totals()[2]

    @property
    def bytes_received(self) -> int:
        return self._ledger.totals()[3]

    @property
    def seconds(self) -> float:
        """The sum of the requests' durations."""
        return self._ledger.totals()[4]

    @property
    def operations(self) -> dict[str, int]:
        """How many requests of each kind, by the service's name of it."""
        return self._ledger.totals()[5]

    @property
    def calls(self) -> list[tuple[str, str]]:
        """What asked for them: (operation of the engine, key) of the first hundred calls."""
        return self._ledger.calls()

    def _callers(self) -> str:
        shown = [" ".join(filter(None, call)) for call in self.calls[:_SHOWN_CALLS]]
        return ", ".join(shown + ["..."] * (len(self.calls) > _SHOWN_CALLS))

    def __str__(self) -> str:
        return ", ".join(f"{count} {operation}" for operation, count in self.operations.items()) or "no request"

    def __repr__(self) -> str:
        return f"<orlop.requests: {self}>"
