"""The example site, running as `./dev demo --serve` runs it."""

import re
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "examples" / "site" / "demo.py"


@pytest.fixture(scope="session")
def demo_script() -> Path:
    return DEMO


@pytest.fixture(scope="session")
def site_address():
    # Whatever a shell in the background starts ignores SIGINT.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen([sys.executable, DEMO, "--serve"], stdout=subprocess.PIPE, text=True, preexec_fn=heed)
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


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-proxy-server",
        f"--user-data-dir={tmp_path_factory.mktemp('browser')}",
    ):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()
