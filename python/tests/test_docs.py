"""The manual for Django sites: every snippet runs against an S3 server, and every setting is told as it is."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import django
import pytest
from django.core.files import storage as django_storage
from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils.module_loading import import_string
from docs.snippets import read
from storages.backends.s3 import S3Storage
from storages.check import eras

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "django"
PAGES = sorted(MANUAL.glob("*.md"))
TESTING = MANUAL / "testing.md"  # tests of its own: pytest runs them


def snippets(page):
    return [snippet for snippet in read(page) if snippet.language == "python"]


pytestmark = pytest.mark.skipif(django.VERSION < (4, 2), reason="the manual writes STORAGES, of Django 4.2")


# -- Snippets ----------------------------------------------------------------------------------------------------------


class Site:
    """Where the snippets of a page run: one after the other, with the names the ones before have defined.

    Its STORAGES are those of the site from then on, moved to a bucket there is.
    """

    def __init__(self, place, names):
        self.place = place
        # Models need an application they are of.
        self.names = {"__name__": "django.contrib.contenttypes.manual", "place": place, **names}
        self.settings = ExitStack()

    def run(self, snippet):
        # Blank lines in front: tracebacks then name the line of the page.
        exec(compile("\n" * snippet.line + snippet.text, str(snippet.document), "exec"), self.names)
        settings = {name: self.names.pop(name) for name in list(self.names) if name.isupper()}
        with override_settings(**settings):
            self.place.storage().exists("a.txt")
        if "ROOT_URLCONF" in settings:  # for the rest of the page, with what stands beside it
            self.settings.enter_context(override_settings(**settings))
        if "STORAGES" in settings:
            self._use({alias: self._moved(spec) for alias, spec in settings["STORAGES"].items()})

    def _use(self, storages):
        self.settings.enter_context(override_settings(STORAGES=storages))
        for spec in storages.values():
            if spec["BACKEND"].startswith("storages.backends."):
                import_string(spec["BACKEND"])(**spec["OPTIONS"]).exists("a.txt")

    def _moved(self, spec):
        if not spec["BACKEND"].startswith("storages.backends."):
            return spec
        return {**spec, "OPTIONS": {**spec.get("OPTIONS", {}), **self.place.options}}


@pytest.mark.parametrize(
    "page", [page for page in PAGES if snippets(page) and page != TESTING], ids=lambda page: page.name
)
def test_snippets(page, own_place, monkeypatch):
    storage = own_place.storage()
    monkeypatch.setattr(django_storage, "default_storage", storage)
    # What models declared on the page keep their files in.
    monkeypatch.setattr("django.db.models.fields.files.default_storage", storage)
    site = Site(own_place, {"default_storage": storage, "ContentFile": ContentFile})
    with site.settings:
        for snippet in snippets(page):
            site.run(snippet)


def test_the_tests_of_the_manual(tmp_path):
    source = "".join(snippet.text for snippet in snippets(TESTING))
    file = tmp_path / "test_manual.py"
    file.write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "orlop.pytest_plugin", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60
    )
    assert f"{len(re.findall(r'def test_', source))} passed" in done.stdout, done.stdout


# -- Settings ----------------------------------------------------------------------------------------------------------

ENTRY = re.compile(
    r"^#### (?P<settings>`\w+`(?:, `\w+`)*)\n\n"
    r"\*(?:Option `(?P<option>\w+)`|No option); .+?; default `(?P<default>.+?)`; "
    r"since (?:Orlop )?[\d.]+\d(?:; boto: .+)?\.\*\n\n"
    r"\S",
    re.MULTILINE,
)


def entries():
    page = (MANUAL / "s3.md").read_text()
    found = [match.groupdict() for match in ENTRY.finditer(page)]
    assert len(found) == page.count("\n#### "), "an entry of s3.md is not in the usual form"
    return found


def settings_of(entry):
    return re.findall(r"`(\w+)`", entry["settings"])


def test_every_option_has_an_entry():
    assert sorted(entry["option"] for entry in entries() if entry["option"]) == sorted(
        S3Storage().get_default_settings()
    )
    assert {setting for entry in entries() for setting in settings_of(entry)} == set(eras.CURRENT)


@pytest.mark.parametrize("entry", [entry for entry in entries() if entry["option"]], ids=lambda entry: entry["option"])
def test_an_entry_tells_the_settings_and_the_default(entry, monkeypatch):
    storage = S3Storage()
    assert repr(storage.get_default_settings()[entry["option"]]) == entry["default"]
    for setting in settings_of(entry):
        with override_settings(**{setting: "seen"}):
            assert storage.get_default_settings()[entry["option"]] == "seen"


def test_the_size_of_a_part_is_told(own_place):
    entry = next(entry for entry in entries() if settings_of(entry) == ["AWS_S3_FILE_BUFFER_SIZE"])
    with own_place.storage().open("a.txt", "w") as file:
        assert repr(file.buffer_size) == entry["default"]


def test_every_setting_that_was_dropped_is_told():
    page = (MANUAL / "moving-over.md").read_text()
    assert {setting for setting in eras.DROPPED if f"`{setting}`" not in page} == set()


def test_every_difference_has_its_reason():
    table = re.findall(r"^\| (.+) \| (.+) \| (.+) \| ?(.*) \|$", (MANUAL / "differences.md").read_text(), re.MULTILINE)
    header, _, *lines = table
    assert header == ("here", "there", "why", "the old way")
    assert all(all(line[:3]) for line in lines)


def test_links_lead_somewhere():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:]+)?(#[^)]*)?\)", page.read_text()):
            target = page.parent / link[0] if link[0] else page
            assert target.exists(), f"{page.name}: {link[0]}"
            if link[1] and target.suffix == ".md":
                heads = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
                slugs = {"#" + re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
                assert link[1] in slugs, f"{page.name}: {link[1]}"


def test_services_refuse_taken_names_as_told():
    page = (MANUAL / "compatible-services.md").read_text()
    table = re.findall(r"^\| .+? \| `(https://\S+)` \| .+? \| (.+?) \|", page, re.MULTILINE)
    assert len(table) >= 7
    for endpoint, told in table:
        endpoint = re.sub("[A-Z]+", "x", endpoint)
        store = S3Storage(bucket_name="b", endpoint_url=endpoint, access_key="a", secret_key="s")._store
        assert told == ("the service refuses" if store.can("put_create") else "is asked for"), endpoint
