"""Releases of collectstatic: rolled back to, pruned, raced for, and interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import orlop
import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError
from helpers.collecting import FOLDER, collect, contents, in_a_process, manifest_of, site
from storages.backends.s3 import S3ManifestStaticStorage, S3StaticStorage
from storages.s3.options import ClientConfig

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

    from storages.collect import releases

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
    from storages.collect.session import Session

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
    from storages.collect.releases import Releases

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
    with pytest.raises(CommandError, match=r"^1 file could not be stored; what .* stays as it was\.\n  .*app"):
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
    from storages.collect.bucket import Bucket

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
