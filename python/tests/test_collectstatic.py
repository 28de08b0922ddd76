"""collectstatic in bulk: what it costs, what it leaves in the bucket, and what happens when it is interrupted."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import orlop
import pytest
from django.contrib.staticfiles.finders import FileSystemFinder
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, default_storage
from django.core.management import CommandError, call_command
from django.test import override_settings
from storages.backends import s3
from storages.backends.s3 import S3ManifestStaticStorage, S3StaticStorage, S3Storage
from storages.management.commands.collectstatic import Command
from storages.s3.options import ClientConfig

FOLDER = ".collectstatic/"


@pytest.fixture
def source(tmp_path):
    files = {
        "css/site.css": 'body { background: url("../img/dot.svg"); }\n@import "parts/base.css";',
        "css/parts/base.css": 'h1 { src: url("../../img/dot.svg#x") }',
        "img/dot.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "js/app.js": "console.log('h\u00e9');\n//# sourceMappingURL=app.js.map\n",
        "js/app.js.map": "{}",
        "a b.txt": "space",
        "empty.txt": "",
    }
    for name, text in files.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "source"


def site(place, source, static="S3StaticStorage", **options):
    """Settings of a site whose static files are found in `source` and collected at `place`."""
    kind = static if callable(static) else getattr(s3, static)
    # A callable, as OPTIONS get lost when settings are overridden in Django 4.2.
    sys.modules["s3utils"] = types.SimpleNamespace(static=lambda: kind(**{**place.options, **options}))
    return override_settings(
        STATICFILES_DIRS=[str(source)],
        STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": "s3utils.static"},
        },
    )


def collect(**options):
    out = io.StringIO()
    call_command(Command(), interactive=False, stdout=out, **options)
    return out.getvalue()


def contents(place, with_own=False):
    """What is in the bucket: {key: (body, type, encoding, cache control)}."""
    handle = place.handle()
    names = [entry.name for entry in handle.list() if with_own or FOLDER not in entry.name]
    facts = handle.stat_many(names)
    return {
        name: (body, meta.content_type, meta.content_encoding, meta.cache_control)
        for name, body, meta in zip(names, handle.get_many(names), facts)
    }


def manifest_of(place, prefix=""):
    return json.loads(place.handle().read_bytes(f"{prefix}staticfiles.json"))


RUN = """
import sys, types
from django.conf import settings

def static():
    from storages.backends import s3

    return s3.{static}(**{options!r})

sys.modules["s3utils"] = types.SimpleNamespace(static=static)

settings.configure(
    INSTALLED_APPS=["django.contrib.staticfiles", "storages"],
    STATIC_URL="static/",
    STATICFILES_DIRS=[{source!r}],
    STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
    STORAGES={{"staticfiles": {{"BACKEND": "s3utils.static"}}}},
)
import django

django.setup()
from django.core.management import execute_from_command_line

execute_from_command_line(["manage.py", "collectstatic", "--no-input", "--verbosity=0", *{arguments!r}])
"""


def in_a_process(source, static, options, *arguments):
    """A program that collects the files of `source`, with the django-storages its interpreter finds."""
    return RUN.format(source=str(source), static=static, options=options, arguments=arguments)


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


UPSTREAM = Path(__file__).resolve().parents[2] / ".venv-upstream" / "bin" / "python"


@pytest.mark.skipif(not UPSTREAM.exists(), reason="no .venv-upstream; ./dev test makes it")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("static", ["S3StaticStorage", "S3ManifestStaticStorage"])
def test_leaves_what_django_storages_leaves(own_server, place, source, static, options):
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
        subprocess.run([UPSTREAM, "-c", script], check=True, env=environment)
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
    from storages.static import overlay

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


def test_files_of_a_finder_that_has_no_paths(own_place, source):
    sys.modules["nowhere"] = sys.modules[__name__]
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
        assert "Pretending to copy 'a b.txt'" in out and "7 static files copied" in out
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
    finder = "django.contrib.staticfiles.finders.FileSystemFinder"
    root = tmp_path / "root"
    with override_settings(STATIC_ROOT=str(root), STATICFILES_DIRS=[str(source)], STATICFILES_FINDERS=[finder]):
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


# -- Releases ----------------------------------------------------------------------------------------------------------


def release(place, source, text, **options):
    (source / "js/app.js").write_text(text)
    with site(place, source, "S3ManifestStaticStorage"):
        return collect(**options)


def served(place, name="js/app.js"):
    """What a process that starts now serves under a name."""
    storage = place.storage(S3ManifestStaticStorage)
    with storage.open(storage.stored_name(name)) as file:
        return file.read().decode()


def records(place):
    return sorted(entry.name.rpartition("/")[2] for entry in place.handle().list(FOLDER + "releases/"))


def test_releases_are_kept_and_rolled_back_to(place, source):
    for text in ("one", "two", "three"):
        release(place, source, text)
    assert served(place) == "three"
    with site(place, source, "S3ManifestStaticStorage"):
        assert "Release 2 is in place again" in collect(rollback=0)
        assert served(place) == "two"
        collect(rollback=0)
        assert served(place) == "one"
        with pytest.raises(CommandError, match="No release is known to be before"):
            collect(rollback=0)
        collect(rollback=3)
        assert served(place) == "three"
        with pytest.raises(CommandError, match="Release 9 is not kept"):
            collect(rollback=9)
    release(place, source, "four")
    with site(place, source, "S3ManifestStaticStorage"):
        collect(rollback=0)
    assert served(place) == "three"


# The third GET stands for If-Match, which only known dialects are trusted with.
@pytest.mark.parametrize(("dialect", "gets"), [("orlop", 2), ("generic", 3)])
def test_requests_of_rolling_back(own_place, source, dialect, gets):
    release(own_place, source, "one")
    release(own_place, source, "two")
    with site(own_place, source, "S3ManifestStaticStorage", dialect=dialect):
        staticfiles_storage.url("js/app.js")
        with orlop.requests() as ledger:
            collect(rollback=0)
        assert ledger.operations == {"GetObject": gets, "PutObject": 1}
        own_place.handle().remove("staticfiles.json")
        with pytest.raises(CommandError, match="nothing was published yet"):
            collect(rollback=0)


def test_a_cleared_place_has_one_release(own_place, source):
    release(own_place, source, "one", clear=True)
    assert records(own_place) == ["000001.json"]
    release(own_place, source, "two")
    release(own_place, source, "three", clear=True)
    assert records(own_place) == ["000003.json"]
    release(own_place, source, "three", clear=True)
    assert records(own_place) == ["000003.json"]
    release(own_place, source, "four")
    with site(own_place, source, "S3ManifestStaticStorage"):
        collect(rollback=0)
        assert served(own_place) == "three"
        with pytest.raises(CommandError, match="Release 2 is not kept"):
            collect(rollback=0)


def test_only_so_many_releases_are_kept(own_place, source):
    for number in range(4):
        release(own_place, source, f"text {number}", releases=2)
    assert records(own_place) == ["000003.json", "000004.json"]
    release(own_place, source, "text 4", releases=1)
    # The one before the one in place is kept as well: there is always a way back.
    assert records(own_place) == ["000004.json", "000005.json"]


def test_pruning_deletes_what_no_kept_release_names(own_place, source):
    handle = own_place.handle()
    for text in ("one", "two", "three"):
        release(own_place, source, text)
    handle.save("foreign.txt", b"")
    handle.save("js/other.0123456789ab.js", b"of nobody")
    versions = {entry.name for entry in handle.list("js/app.")}
    (source / "a b.txt").unlink()
    plan = release(own_place, source, "four", prune=True, releases=2, plan=True)
    deleted = [line.split("  ")[0][2:] for line in plan.splitlines() if line.startswith("- ")]
    assert len(deleted) == 2 and set(deleted) < versions
    out = release(own_place, source, "four", prune=True, releases=2)
    assert all(f"Deleted '{name}'" in out for name in deleted)
    left = {entry.name for entry in handle.list()}
    assert not left & set(deleted)
    assert {"foreign.txt", "js/other.0123456789ab.js", "a b.txt"} <= left  # release 3 still names the last one
    assert served(own_place) == "four"
    with site(own_place, source, "S3ManifestStaticStorage"):
        collect(rollback=0)
    assert served(own_place) == "three"
    assert served(own_place, "a b.txt") == "space"


def test_versions_of_an_interrupted_run_are_pruned_when_they_are_old(own_place, source, monkeypatch):
    from datetime import timedelta

    from storages.static import releases

    release(own_place, source, "one")
    own_place.handle().save("js/app.0123456789ab.js", b"of a run that was killed")
    release(own_place, source, "one", prune=True)
    assert own_place.handle().exists("js/app.0123456789ab.js")
    monkeypatch.setattr(releases, "_IN_THE_MAKING", timedelta(seconds=-5))
    release(own_place, source, "one", prune=True)
    assert not own_place.handle().exists("js/app.0123456789ab.js")
    assert served(own_place) == "one"


def test_a_manifest_of_djangos_command_becomes_a_release(own_place, source):
    release(own_place, source, "one", plain=True)
    assert records(own_place) == []
    release(own_place, source, "two")
    assert records(own_place) == ["000001.json", "000002.json"]
    with site(own_place, source, "S3ManifestStaticStorage"):
        collect(rollback=0)
    assert served(own_place) == "one"


def test_a_manifest_elsewhere_is_written_last(own_place, own_server, source, tmp_path):
    def elsewhere(**options):
        return S3ManifestStaticStorage(manifest_storage=FileSystemStorage(tmp_path / "manifest"), **options)

    with site(own_place, source, elsewhere):
        collect()
        manifest = tmp_path / "manifest" / "staticfiles.json"
        written = manifest.stat().st_mtime_ns
        assert own_place.handle().exists(json.loads(manifest.read_text())["paths"]["js/app.js"])
        assert not own_place.handle().exists("staticfiles.json")
        collect()
        assert manifest.stat().st_mtime_ns == written
        with pytest.raises(CommandError, match="manifest in the same storage"):
            collect(rollback=0)


# -- Things that go wrong ----------------------------------------------------------------------------------------------


def test_a_lost_race_publishes_nothing(own_place, source, monkeypatch):
    from storages.static.session import Session

    release(own_place, source, "one")
    sent = Session._send

    def send_while_another_publishes(self, objects, progress):
        monkeypatch.setattr(Session, "_send", sent)
        mine = (source / "js/app.js").read_text()
        release(own_place, source, "theirs")
        (source / "js/app.js").write_text(mine)
        return sent(self, objects, progress)

    monkeypatch.setattr(Session, "_send", send_while_another_publishes)
    with pytest.raises(CommandError, match="Another collectstatic published meanwhile"):
        release(own_place, source, "mine")
    assert served(own_place) == "theirs"
    assert own_place.handle().read_bytes("js/app.js") == b"theirs"
    assert records(own_place) == ["000001.json", "000002.json"]


@pytest.mark.parametrize("dialect", ["orlop", "generic"])
def test_a_race_for_the_manifest_alone(own_place, source, monkeypatch, dialect):
    from storages.static.releases import Releases

    release(own_place, source, "one")
    publish = Releases.publish

    def publish_late(self, manifest, claimed):
        own_place.storage(S3StaticStorage)._save("staticfiles.json", ContentFile(b'{"paths": {}, "version": "1.1"}'))
        return publish(self, manifest, claimed)

    monkeypatch.setattr(Releases, "publish", publish_late)
    with site(own_place, source, "S3ManifestStaticStorage", dialect=dialect):
        assert staticfiles_storage._store.can("put_match") is (dialect == "orlop")
        (source / "js/app.js").write_text("mine")
        with pytest.raises(CommandError, match="Another collectstatic published meanwhile"):
            collect()
    assert manifest_of(own_place)["paths"] == {}
    assert records(own_place) == ["000001.json"]


def test_failed_uploads_publish_nothing(own_place, own_server, source):
    release(own_place, source, "one")
    before = contents(own_place, with_own=True)["staticfiles.json"]
    own_server.set_faults("PUT /*/js/app.* 403")
    with pytest.raises(CommandError, match=r"could not be stored; what is published stays as it was\.\n  .*app"):
        release(own_place, source, "two")
    own_server.set_faults("")
    assert contents(own_place, with_own=True)["staticfiles.json"] == before
    assert records(own_place) == ["000001.json"]
    release(own_place, source, "two")
    assert served(own_place) == "two"


FAST = ClientConfig(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})


def test_errors_are_one_line_and_hold_no_secret(own_place, source, closed_port):
    for options, text in (
        ({"bucket_name": "nowhere-to-be-found"}, "NoSuchBucket"),
        ({"secret_key": "wrong"}, "AWS_S3_SECRET_ACCESS_KEY"),
        ({"endpoint_url": f"http://127.0.0.1:{closed_port}", "client_config": FAST}, "AWS_S3_ENDPOINT_URL"),
    ):
        for static in ("S3StaticStorage", "S3ManifestStaticStorage"):
            with site(own_place, source, static, **options), pytest.raises(CommandError, match=text) as failure:
                collect()
            assert own_place.secret not in str(failure.value)
            assert "\n" not in str(failure.value)


def test_a_file_that_changes_meanwhile_is_noticed(own_place, source, monkeypatch):
    from storages.static.bucket import Bucket

    put_many = Bucket.put_many

    def change_first(self, objects):
        (source / "a b.txt").write_text("other")
        return put_many(self, objects)

    monkeypatch.setattr(Bucket, "put_many", change_first)
    with (
        site(own_place, source, "S3ManifestStaticStorage"),
        pytest.raises(CommandError, match=r"a b\.txt changed while it was collected"),
    ):
        collect()
    assert not own_place.handle().exists("staticfiles.json")


@pytest.mark.parametrize("requests_before", [2, 25, 45, 58])
def test_kill_9_leaves_the_old_release_working(own_place, own_server, source, requests_before):
    for number in range(25):
        (source / f"{number}.txt").write_text(str(number))
    release(own_place, source, "old")
    for number in range(25):
        (source / f"{number}.txt").write_text(f"new {number}")
    (source / "js/app.js").write_text("new")
    own_server.set_faults("PutObject stall-20ms")
    own_server.take_log()
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    script = in_a_process(source, "S3ManifestStaticStorage", own_place.options, "--concurrency=4")
    process = subprocess.Popen([sys.executable, "-c", script], env=environment)
    seen = 0
    while seen < requests_before and process.poll() is None:
        time.sleep(0.002)
        seen += len(own_server.take_log())
    process.send_signal(signal.SIGKILL)
    process.wait()
    own_server.set_faults("")
    time.sleep(0.1)
    text = served(own_place)
    assert text in ("old", "new")
    assert served(own_place, "7.txt") == ("7" if text == "old" else "new 7")
    with site(own_place, source, "S3ManifestStaticStorage"):
        collect()
    assert served(own_place) == "new"
    assert served(own_place, "7.txt") == "new 7"
    with site(own_place, source, "S3ManifestStaticStorage"):
        collect(rollback=0)
    assert served(own_place) == "old"


# -- Progress ----------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(own_place, source, monkeypatch):
    from storages.static import progress, session

    monkeypatch.setattr(session, "_BATCH", 2)
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0)
    with site(own_place, source):
        assert "Uploading: 2 of 7 files, " in collect()
        out = Terminal()
        call_command(Command(), interactive=False, clear=True, stdout=out, no_color=True)
        assert "\rUploading [########......................] 2 of 7 files" in out.getvalue()
        assert "7 of 7 files" in out.getvalue()
        assert "Uploading" not in collect(clear=True, verbosity=0)
