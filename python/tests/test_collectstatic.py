"""collectstatic in bulk: what it costs, what it leaves in the bucket, and its options."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import types

import orlop
import pytest
from django.contrib.staticfiles.finders import AppDirectoriesFinder, FileSystemFinder
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, default_storage
from django.core.management import CommandError, call_command
from django.test import override_settings
from helpers import upstream
from helpers.collecting import FOLDER, collect, contents, in_a_process, manifest_of, site
from helpers.static_files import found_in
from storages.backends.s3 import S3ManifestStaticStorage, S3Storage
from storages.management.commands.collectstatic import Command

# -- What is in the bucket ---------------------------------------------------------------------------------------------

OPTIONS = [
    {},
    {"location": "static"},
    {"gzip": True, "location": "a/b"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("static", ["S3StaticStorage", "S3ManifestStaticStorage", "S3Storage"])
def test_leaves_what_djangos_own_command_leaves(own_server, place, source, static, options):
    other = place.with_bucket()
    options = {**options, "object_parameters": {"CacheControl": "max-age=60"}}
    with site(place, source, static, **options):
        collect()
    with site(other, source, static, **options):
        collect(plain=True)
    assert contents(place) == contents(other)
    assert len(contents(place)) == (15 if "Manifest" in static else 7)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("static", ["S3StaticStorage", "S3ManifestStaticStorage"])
def test_leaves_what_django_storages_leaves(own_server, place, source, static, options):
    upstream.need()
    other = place.with_bucket()
    options = {**options, "object_parameters": {"CacheControl": "max-age=60"}}
    with site(place, source, static, **options):
        collect()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # Over TLS botocore sends checksums behind the content, which Ceph and S3Proxy do not understand.
    environment["AWS_REQUEST_CHECKSUM_CALCULATION"] = "when_required"
    for _ in range(2):
        theirs = {**other.options, **options}
        theirs.pop("dialect", None)  # is ours
        script = in_a_process(source, static, theirs)
        subprocess.run([upstream.PYTHON, "-c", script], check=True, env=environment)
    assert contents(place) == contents(other)


def test_only_what_changed_is_sent(own_place, source):
    with site(own_place, source, location="static"):
        assert "7 static files copied" in collect()
        with orlop.requests() as ledger:
            assert "0 static files copied, 7 unmodified" in collect()
        assert ledger.operations == {"ListObjectsV2": 1}
        os.utime(source / "a b.txt")  # a newer file of the same content
        (source / "js/app.js").write_text("changed")
        with orlop.requests() as ledger:
            assert "1 static file copied, 6 unmodified" in collect()
        assert ledger.operations == {"ListObjectsV2": 1, "PutObject": 1}
    assert own_place.handle().read_bytes("static/js/app.js") == b"changed"


def test_an_unchanged_release_writes_nothing(own_place, source):
    with site(own_place, source, "S3ManifestStaticStorage", gzip=True):
        first = collect()
        assert "7 static files copied" in first and "7 post-processed" in first
    with site(own_place, source, "S3ManifestStaticStorage", gzip=True), orlop.requests() as ledger:
        assert "0 static files copied, 7 unmodified." in collect()
    # The manifest is read when the storage is made.
    assert ledger.operations == {"GetObject": 1, "ListObjectsV2": 1}


@pytest.mark.parametrize("static", ["S3StaticStorage", "S3ManifestStaticStorage"])
def test_ten_thousand_files(own_place, tmp_path, static):
    count = 10_000 if static == "S3StaticStorage" else 700
    for number in range(count):
        folder = tmp_path / f"{number % 100:02}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.txt").write_text(str(number))
    objects = count if static == "S3StaticStorage" else 2 * count + 2
    with site(own_place, tmp_path, static):
        with orlop.requests() as ledger:
            assert f"{count} static files copied" in collect()
        assert ledger.operations["PutObject"] == objects
        with orlop.requests(max=11) as ledger:
            assert "0 static files copied" in collect()
        assert ledger.operations == {"ListObjectsV2": -(-objects // 1000)}


def test_large_files_and_etags_that_are_no_md5(own_place, source):
    (source / "film.bin").write_bytes(os.urandom(9 << 20))
    with site(own_place, source, "S3ManifestStaticStorage"):
        collect()
        etags = json.loads(own_place.handle().read_bytes(FOLDER + "etags.json"))
        assert len(etags) == 2 and "film.bin" in etags
        with orlop.requests() as ledger:
            assert "0 static files copied" in collect()
        assert ledger.operations == {"ListObjectsV2": 1, "GetObject": 1}
        (source / "film.bin").write_bytes(bytes(9 << 20))
        assert "1 static file copied" in collect()
        assert "0 static files copied" in collect()


@pytest.mark.parametrize(("one", "all_of_them"), [(10, 1 << 20), (1 << 20, 10), (1 << 20, 1 << 20)])
def test_what_is_made_is_kept_on_disk_when_it_is_much(place, source, monkeypatch, tmp_path, one, all_of_them):
    from storages.collect import overlay

    monkeypatch.setattr(overlay, "_IN_MEMORY", one)
    monkeypatch.setattr(overlay, "_ALL_IN_MEMORY", all_of_them)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "spool"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "spool").mkdir()
    other = place.with_bucket()
    with site(place, source, "S3ManifestStaticStorage", gzip=True):
        collect()
    gc.collect()
    assert list((tmp_path / "spool").iterdir()) == []
    monkeypatch.undo()
    with site(other, source, "S3ManifestStaticStorage", gzip=True):
        collect()
    assert contents(place) == contents(other)


class OutOfNowhere(FileSystemFinder):
    """A finder whose files are in no directory of this machine."""

    def list(self, ignore_patterns):
        storage = InMemoryStorage()
        for name, text in (("made/up.css", "a { color: red }"), ("made/large.bin", "x" * (2 << 20))):
            storage.save(name, ContentFile(text.encode()))
            yield name, storage


def test_files_of_a_finder_that_has_no_paths(own_place, source, monkeypatch):
    monkeypatch.setitem(sys.modules, "nowhere", sys.modules[__name__])
    for static in ("S3ManifestStaticStorage", "S3StaticStorage"):
        with (
            site(own_place, source, static, location=static),
            override_settings(STATICFILES_FINDERS=["nowhere.OutOfNowhere"]),
        ):
            assert "2 static files copied" in collect()
            assert "0 static files copied" in collect()
        assert own_place.handle().read_bytes(f"{static}/made/up.css") == b"a { color: red }"
        assert own_place.handle().stat(f"{static}/made/large.bin").size == 2 << 20


def test_overrides_of_a_subclass_are_called(own_place, source):
    class Own(S3ManifestStaticStorage):
        def get_object_parameters(self, name):
            return {"CacheControl": f"max-age={len(name)}"}

        def file_hash(self, name, content=None):
            return "own"

        def post_process(self, paths, dry_run=False, **options):
            yield from super().post_process(paths, dry_run, **options)
            self._save("extra.txt", ContentFile(b"extra"))
            yield "extra.txt", "extra.txt", True

    with site(own_place, source, Own, location="s"):
        collect()
        assert "0 static files copied" in collect()
    found = contents(own_place)
    assert found["s/js/app.own.js"][3] == "max-age=15"
    assert found["s/extra.txt"][0] == b"extra"


def test_references_to_files_that_are_only_in_the_bucket(own_place, source):
    own_place.handle().save("img/uploaded.png", b"png")
    (source / "css/site.css").write_text('body { background: url("../img/uploaded.png"); }')
    with site(own_place, source, "S3ManifestStaticStorage"):
        collect()
    style = manifest_of(own_place)["paths"]["css/site.css"]
    digest = hashlib.md5(b"png").hexdigest()[:12].encode()
    assert b"/uploaded." + digest + b".png" in own_place.handle().read_bytes(style)
    (source / "css/site.css").write_text('body { background: url("../img/nowhere.png"); }')
    before = contents(own_place, with_own=True)
    with site(own_place, source, "S3ManifestStaticStorage"), pytest.raises(ValueError, match=r"nowhere\.png"):
        collect()
    assert contents(own_place, with_own=True) == before


# -- Options -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("static", ["S3StaticStorage", "S3ManifestStaticStorage"])
@pytest.mark.parametrize("location", ["", "static"])
def test_clear_empties_the_whole_tree_t7(own_place, source, location, static, plain):
    handle = own_place.handle()
    prefix = f"{location}/" if location else ""
    stale = [f"{prefix}{name}" for name in ("stale.txt", "css/stale.css", "deep/er/stale.js", "no.dot/x")]
    with site(own_place, source, static, location=location):
        collect(plain=plain)
        fresh = set(contents(own_place))
        handle.put_many((name, b"stale") for name in stale)
        handle.save("outside.txt" if location else "stale2.txt", b"")
        assert "Pretending to delete 'deep/er/stale.js'" in collect(dry_run=True, clear=True, plain=plain)
        assert handle.exists(stale[2])
        collect(clear=True, plain=plain)
    assert set(contents(own_place)) == fresh | ({"outside.txt"} if location else set())


def test_clear_without_post_processing_takes_the_manifest_along(own_place, source):
    with site(own_place, source, "S3ManifestStaticStorage"):
        collect()
        collect(clear=True, post_process=False)
    left = {entry.name for entry in own_place.handle().list()}
    assert len(left) == 7 and "staticfiles.json" not in left


def test_clear_never_leaves_a_gap(own_place, own_server, source):
    with site(own_place, source, "S3ManifestStaticStorage"):
        collect()
        own_server.take_log()
        collect(clear=True)
    log = [request.operation for request in own_server.take_log()]
    assert "DeleteObjects" not in log[: log.index("PutObject")]
    assert len([operation for operation in log if operation == "PutObject"]) >= 14


def test_dry_run_and_plan_change_nothing(own_place, source):
    with site(own_place, source, "S3ManifestStaticStorage"):
        out = collect(dry_run=True)
        assert f"Pretending to copy '{source / 'a b.txt'}'" in out and "7 static files copied" in out
        plan = collect(plan=True)
        assert list(own_place.handle().list()) == []
        assert "+ a b.txt  5 B" in plan
        assert re.search(r"\nadd        14 files +\d+ B  14 requests\n", plan)
        assert "publish    a new release" in plan
        collect()
        (source / "a b.txt").write_text("other")
        plan = collect(plan=True, clear=True)
        assert "~ a b.txt" in plan
        plan = collect(plan=True)
    assert "~ a b.txt  5 B" in plan
    assert "\nadd        1 file " in plan  # its version
    assert "\nupdate     1 file " in plan
    assert "\nunchanged  12 files " in plan
    assert own_place.handle().read_bytes("a b.txt") == b"space"


def test_what_is_told_of_each_file_is_what_django_tells(own_place, source):
    def told(**options):
        return sorted(
            line for line in collect(verbosity=2, **options).splitlines() if line.startswith(("Copy", "Skip"))
        )

    with site(own_place, source):
        collect()
        (source / "a b.txt").write_text("other content")
        os.utime(source / "a b.txt", (2e9, 2e9))
        lines = told()
        (source / "a b.txt").write_text("and another")
        os.utime(source / "a b.txt", (2e9, 2e9))
        assert lines == told(plain=True)
    assert len(lines) == 7 and lines[0] == f"Copying '{source / 'a b.txt'}'" and "(not modified)" in lines[1]


def test_link_is_refused(own_place, source):
    for plain in (True, False):
        with site(own_place, source), pytest.raises(CommandError, match="--link makes links in a directory"):
            collect(link=True, plain=plain)


@pytest.mark.parametrize("option", ["plan", "prune", "rollback"])
def test_options_that_do_not_fit_are_refused(own_place, source, tmp_path, option):
    value = {option: 0 if option == "rollback" else True}
    with site(own_place, source), pytest.raises(CommandError, match="without --plain"):
        collect(plain=True, **value)
    with (
        override_settings(STATIC_ROOT=str(tmp_path / "root")),
        pytest.raises(CommandError, match="storage of this package"),
    ):
        collect(**value)
    if option != "plan":
        with site(own_place, source), pytest.raises(CommandError, match="manifest in the same storage"):
            collect(**value)


def test_a_local_storage_is_left_to_django(source, tmp_path):
    root = tmp_path / "root"
    with override_settings(STATIC_ROOT=str(root), **found_in(source)):
        assert "7 static files copied" in collect()
    assert (root / "a b.txt").read_text() == "space"


def test_the_app_overrides_the_command_wherever_it_stands():
    from django.apps import apps
    from django.core import management

    for apps_named in (["storages", "django.contrib.staticfiles"], ["django.contrib.staticfiles", "storages"]):
        management.get_commands.cache_clear()
        with override_settings(INSTALLED_APPS=apps_named):
            apps.get_app_config("storages").ready()
            assert management.get_commands()["collectstatic"] == "storages"
        management.get_commands.cache_clear()


def test_the_apps_static_files_are_a_browsers_alone():
    with override_settings(INSTALLED_APPS=["storages"]):
        files = sorted(path for path, _ in AppDirectoriesFinder().list([]))
    assert files == ["storages/direct-upload.css", "storages/direct-upload.js"]


def test_two_prefixes_by_callables_seed_003(own_place, source, monkeypatch):
    s3utils = types.SimpleNamespace(
        StaticRootS3BotoStorage=lambda: own_place.storage(S3Storage, location="static"),
        MediaRootS3BotoStorage=lambda: own_place.storage(S3Storage, location="media"),
    )
    backends = {
        "default": {"BACKEND": "s3utils.MediaRootS3BotoStorage"},
        "staticfiles": {"BACKEND": "s3utils.StaticRootS3BotoStorage"},
    }
    with site(own_place, source), override_settings(STORAGES=backends):
        monkeypatch.setitem(sys.modules, "s3utils", s3utils)
        for plain in (True, False):
            default_storage.save("kept.txt", ContentFile(b"media"))
            own_place.handle().save("static/deep/stale.txt", b"")
            collect(clear=True, plain=plain)
            assert staticfiles_storage.exists("css/site.css")
            assert default_storage.listdir("") == ([], ["kept.txt"])
            assert own_place.handle().listdir("static")[0] == ["css", "img", "js"]


# -- Progress ----------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(own_place, source, monkeypatch):
    from storages.collect import progress, session

    monkeypatch.setattr(session, "_BATCH", 2)
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0)
    with site(own_place, source):
        assert "Uploading: 2 of 7 files, " in collect()
        out = Terminal()
        call_command(Command(), interactive=False, clear=True, stdout=out, no_color=True)
        assert "\rUploading [########......................] 2 of 7 files" in out.getvalue()
        assert "7 of 7 files" in out.getvalue()
        assert "Uploading" not in collect(clear=True, verbosity=0)
