"""A terminal, as a process sees it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import termios


class Terminal:
    def __init__(self, columns: int = 80):
        self._leader, self.end = pty.openpty()
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def sent_by(self, process: subprocess.Popen) -> bytes:
        """All that was sent to this terminal until the process, which has its end, ended well."""
        os.close(self.end)
        output = b""
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while block := os.read(self._leader, 65536):
                output += block
        os.close(self._leader)
        assert process.wait(30) == 0
        return output
