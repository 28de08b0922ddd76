"""The example site, running as `./dev demo --serve` runs it."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "examples" / "site" / "demo.py"


@pytest.fixture(scope="session")
def demo_script() -> Path:
    return DEMO


@pytest.fixture(scope="session")
def site_address():
    process = subprocess.Popen([sys.executable, DEMO, "--serve"], stdout=subprocess.PIPE, text=True)
    output = []
    for line in process.stdout:
        output.append(line)
        if match := re.search(r"running at (http://\S+)", line):
            yield match[1]
            break
    else:
        pytest.fail("the demo ended early:\n" + "".join(output))
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
