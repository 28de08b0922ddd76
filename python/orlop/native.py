"""The extension `orlop._native`, loaded when something of it is first used.

Importing the package and configuring storages needs nothing of it, and a process that does no more than that (most
management commands) is spared its three megabytes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orlop._native import *  # noqa: F403


def __getattr__(name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(name)
    from orlop import _native

    # From now on what is there is found without asking here.
    globals().update((each, value) for each, value in vars(_native).items() if not each.startswith("__"))
    return getattr(_native, name)
