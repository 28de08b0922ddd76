"""Files that a browser sends to the store, in every form and with everything that can go wrong on the way."""

import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

MIB = 1 << 20
SITE = Path(__file__).with_name("uploads_site.py")
FORMS = ("auto", "put", "post", "multipart")


class Site:
    def __init__(self, address):
        self.address = address

    def get(self, path):
        with urllib.request.urlopen(self.address + path, timeout=30) as answer:
            return answer.read()

    def state(self):
        """What became of it since the last time this was asked."""
        return json.loads(self.get("/state"))

    def set_faults(self, script):
        self.get("/faults?" + urllib.parse.urlencode({"script": script}))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    process = subprocess.Popen(
        [sys.executable, SITE, tmp_path_factory.mktemp("uploads")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield Site(json.loads(process.stdout.readline())["site"])
    process.communicate(timeout=20)
    assert process.returncode == 0


@pytest.fixture
def page(site, browser):
    site.state()
    yield Page(site, browser)
    site.set_faults("")
    browser.delete_network_conditions()
    severe = [entry for entry in browser.get_log("browser") if "Content Security Policy" in entry["message"]]
    assert not severe  # the widget needs no inline script


class Page:
    def __init__(self, site, browser):
        self.site = site
        self.browser = browser

    def open(self, alias, how):
        self.browser.get(f"{self.site.address}/{alias}/{how}/")
        self.find("#id_title").send_keys("A title")

    def find(self, selector):
        from selenium.webdriver.common.by import By

        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def choose(self, path):
        self.find("input[type=file]").send_keys(str(path))

    @property
    def status(self):
        return self.find("[data-status]").text

    @property
    def receipt(self):
        return self.find("[data-receipt]").get_attribute("value")

    @property
    def part_done(self):
        return float(self.find("progress").get_attribute("value"))

    def wait(self, condition):
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.browser, 30, poll_frequency=0.05).until(lambda _: condition())

    def upload(self, path):
        self.choose(path)
        self.wait(lambda: self.status.endswith("is uploaded."))

    def save(self):
        self.find("#save").click()

    def saved_name(self):
        self.wait(lambda: self.browser.find_elements("css selector", "#saved"))
        return self.find("#saved").text

    def throttle(self, bytes_a_second):
        self.browser.set_network_conditions(
            latency=0, upload_throughput=bytes_a_second, download_throughput=100 * MIB, offline=False
        )


def make_file(directory, name, size):
    path = directory / name
    path.write_bytes(os.urandom(size))
    return path


def test_50_mib_never_pass_through_django(page, tmp_path):
    file = make_file(tmp_path, "large file.bin", 50 * MIB)
    page.open("s3", "auto")
    page.upload(file)
    page.save()
    name = page.saved_name()

    state = page.site.state()
    assert name == "documents/large_file.bin"
    assert state["rows"]["s3"] == [name] and state["objects"]["s3"] == [name]
    assert max(state["bodies"]) < 8192 and sum(state["bodies"]) < 16384
    assert state["asked"].count("UploadPart") == 7
    assert state["asked"][-3:] == ["HeadObject", "CopyObject", "DeleteObject"]
    url = page.find("a").get_attribute("href")
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.read() == file.read_bytes()


@pytest.mark.parametrize("alias", ["s3", "memory", "local"])
@pytest.mark.parametrize("how", ["put", "post", "multipart"])
def test_every_form_on_every_storage(page, tmp_path, alias, how):
    content = make_file(tmp_path, f"{how}.bin", 6 * MIB)
    page.open(alias, how)
    page.upload(content)
    page.save()
    name = page.saved_name()
    state = page.site.state()
    assert name == f"documents/{how}.bin" and name in state["rows"][alias]
    assert [each for each in state["objects"][alias] if each.startswith(".uploads")] == []
    url = page.find("a").get_attribute("href")
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.read() == content.read_bytes()


def nothing_new(before, after, alias="s3"):
    return (before["rows"][alias], before["objects"][alias]) == (after["rows"][alias], after["objects"][alias])


def test_what_is_not_allowed_is_said_before_a_byte_is_sent(page, tmp_path):
    before = page.site.state()
    page.open("s3", "auto")
    sparse = tmp_path / "sparse.bin"
    with open(sparse, "wb") as file:
        file.truncate(61 * MIB)
    page.choose(sparse)
    page.wait(lambda: "too large" in page.status)
    assert not page.receipt
    script = make_file(tmp_path, "page.html", 10)
    page.choose(script)
    page.wait(lambda: "text/html are not allowed" in page.status)
    page.save()
    page.wait(lambda: "Choose a file" in page.browser.page_source)
    after = page.site.state()
    assert nothing_new(before, after) and after["asked"] == []


@pytest.mark.parametrize("how", ["put", "multipart"])
def test_cancelled_half_way(page, tmp_path, how):
    before = page.site.state()
    page.open("s3", how)
    page.throttle(4 * MIB)
    page.choose(make_file(tmp_path, "half.bin", 20 * MIB))
    page.wait(lambda: page.part_done > 0.2)
    page.find("[data-cancel]").click()
    page.wait(lambda: "canceled" in page.status)
    page.throttle(100 * MIB)
    page.wait(lambda: "DeleteObject" in asked_since(page))
    after = page.site.state()
    assert nothing_new(before, after) and not page.receipt
    assert ("AbortMultipartUpload" in page.asked) == (how == "multipart")


def asked_since(page):
    page.asked = [*getattr(page, "asked", []), *page.site.state()["asked"]]
    return page.asked


def test_an_upload_that_was_left_goes_on_where_it_was(page, tmp_path):
    file = make_file(tmp_path, "resumed.bin", 50 * MIB)
    page.open("s3", "auto")
    page.throttle(24 * MIB)
    page.choose(file)
    page.wait(lambda: page.part_done > 0.7)  # of seven parts three at a time
    page.open("s3", "auto")  # the visitor leaves the page, and comes back
    page.throttle(100 * MIB)
    page.site.state()
    page.upload(file)
    state = page.site.state()
    assert "ListParts" in state["asked"] and "CreateMultipartUpload" not in state["asked"]
    assert 0 < state["asked"].count("UploadPart") < 7
    page.save()
    name = page.saved_name()
    url = page.find("a").get_attribute("href")
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.read() == file.read_bytes()
    assert page.site.state()["rows"]["s3"][-1] == name


def test_two_fields_take_the_same_file_apart(page, tmp_path):
    """As rows of a formset do; neither goes on with what the other has begun."""
    page.open("s3", "multipart")
    page.browser.execute_script(
        "const one = document.querySelector('[data-direct-upload]'), other = one.cloneNode(true);"
        "other.querySelector('[data-receipt]').name = 'other';"
        "one.after(other); DirectUpload.adopt(document);"
    )
    page.throttle(8 * MIB)
    file = make_file(tmp_path, "twice.bin", 12 * MIB)
    for field in page.browser.find_elements("css selector", "input[type=file]"):
        field.send_keys(str(file))
        time.sleep(0.5)  # the first has begun
    texts = "return [...document.querySelectorAll('[data-status]')].map((status) => status.textContent)"
    page.wait(lambda: all(text.endswith("is uploaded.") for text in page.browser.execute_script(texts)))
    assert page.site.state()["asked"].count("CreateMultipartUpload") == 2


@pytest.mark.parametrize(("how", "operation"), [("put", "PutObject"), ("post", "PostObject")])
def test_what_the_store_refuses_is_said(page, tmp_path, how, operation):
    before = page.site.state()
    page.site.set_faults(f"{operation} 403")
    page.open("s3", how)
    page.choose(make_file(tmp_path, "refused.bin", 1000))
    page.wait(lambda: "The store refused the file" in page.status)
    page.site.set_faults("")
    time.sleep(0.2)
    assert nothing_new(before, page.site.state()) and not page.receipt


def test_hiccups_are_survived(page, tmp_path):
    page.open("s3", "multipart")
    page.site.set_faults("UploadPart 503-twice")
    page.upload(make_file(tmp_path, "hiccups.bin", 18 * MIB))
    page.save()
    assert page.saved_name() == "documents/hiccups.bin"


def test_a_form_sent_too_early_waits_for_its_file(page, tmp_path):
    page.open("s3", "auto")
    page.throttle(8 * MIB)
    page.choose(make_file(tmp_path, "early.bin", 6 * MIB))
    page.save()
    assert page.saved_name() == "documents/early.bin"


def test_a_form_that_comes_back_keeps_the_upload(page, tmp_path):
    page.open("s3", "auto")
    page.upload(make_file(tmp_path, "kept.bin", 1000))
    page.browser.execute_script("document.querySelector('#id_title').removeAttribute('required')")
    page.find("#id_title").clear()
    page.save()
    page.wait(lambda: "This field is required" in page.browser.page_source)
    assert page.status == "kept.bin"
    page.find("#id_title").send_keys("Now")
    page.save()
    assert page.saved_name() == "documents/kept.bin"
