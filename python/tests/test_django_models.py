"""What Django does with a storage beside opening files: images, forms, the admin, copies, migrations, processes."""

from __future__ import annotations

import copy
import io
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import django
import orlop
import pytest
from django import forms
from django.core.files.base import ContentFile, File
from django.core.files.images import ImageFile, get_image_dimensions
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.db.migrations.writer import MigrationWriter
from helpers.models import the_storage
from helpers.threads import in_threads
from storages.backends.s3 import S3Storage

TESTS = Path(__file__).parent


class Snapshot(models.Model):
    image = models.ImageField(storage=the_storage, upload_to="p", width_field="w", height_field="h", max_length=30)
    other = models.FileField(storage=the_storage, blank=True)
    w = models.PositiveIntegerField(null=True)
    h = models.PositiveIntegerField(null=True)

    class Meta:
        app_label = "contenttypes"


class SnapshotForm(forms.ModelForm):
    class Meta:
        model = Snapshot
        fields = ("image", "other")


@pytest.fixture
def photos(files_at, own_place):
    return files_at(own_place, Snapshot)


def png(width, height):
    image = pytest.importorskip("PIL.Image")
    data = io.BytesIO()
    image.new("RGB", (width, height)).save(data, "PNG")
    return data.getvalue()


# -- Fields and forms --------------------------------------------------------------------------------------------------


def test_image_fields_know_their_dimensions(photos):
    photos()
    photo = Snapshot(image=File(io.BytesIO(png(3, 2)), name="a.png"))
    photo.save()
    assert (photo.w, photo.h, photo.image.width, photo.image.height) == (3, 2, 3, 2)
    loaded = Snapshot.objects.get(pk=photo.pk)
    assert (loaded.w, loaded.h) == (3, 2)
    assert (loaded.image.width, loaded.image.height) == (3, 2)  # read from the store
    loaded.image = File(io.BytesIO(png(5, 7)), name="b.png")
    loaded.save()
    assert (loaded.image.name, loaded.w, loaded.h) == ("p/b.png", 5, 7)


def test_images_are_opened_by_other_libraries(photos):
    storage = photos()
    storage.save("a.png", ContentFile(png(300, 200)))
    image = pytest.importorskip("PIL.Image")
    with storage.open("a.png") as file:
        assert image.open(file).size == (300, 200)
    assert get_image_dimensions(ImageFile(storage.open("a.png"))) == (300, 200)
    with storage.open("b.jpg", "wb") as file:  # written by a library that seeks
        image.new("RGB", (4, 4)).save(file, "JPEG")
    assert get_image_dimensions(storage.open("b.jpg")) == (4, 4)


@pytest.mark.parametrize("overwrite", [True, False])
def test_long_names_fit_the_field(photos, overwrite):
    photos(file_overwrite=overwrite)
    names = set()
    for _ in range(3):
        photo = Snapshot()
        photo.image.save(f"{'long' * 20}.png", ContentFile(png(1, 1)))
        names.add(photo.image.name)
        assert len(photo.image.name) <= 30 and photo.image.name.endswith(".png")
    assert len(names) == (1 if overwrite else 3)


def test_forms_save_and_clear(photos):
    storage = photos(file_overwrite=False)
    files = {"image": SimpleUploadedFile("a.png", png(2, 2), "image/png"), "other": SimpleUploadedFile("n.txt", b"x")}
    photo = SnapshotForm({}, files).save()
    assert (photo.image.name, photo.other.name, photo.w) == ("p/a.png", "n.txt", 2)
    cleared = SnapshotForm({"other-clear": "on"}, {}, instance=photo).save()
    assert not cleared.other and cleared.image.name == "p/a.png"
    assert storage.exists("n.txt")  # Django deletes no file
    assert "not an image" in str(SnapshotForm({}, {"image": SimpleUploadedFile("x.png", b"no")}).errors)


def test_a_field_is_deleted_and_closed(photos):
    storage = photos()
    photo = Snapshot()
    photo.other.save("a.txt", ContentFile(b"content"))
    with photo.other.open() as file:
        assert (file.read(2), list(file.chunks(3))) == (b"co", [b"con", b"ten", b"t"])
    photo.other.delete()
    assert not photo.other and not storage.exists("a.txt")


@pytest.mark.skipif(django.VERSION < (4, 2), reason="STORAGES came with 4.2")
def test_the_admin(own_place, setting_names):
    place = {setting_names[option]: value for option, value in own_place.options.items()}
    done = subprocess.run(
        [sys.executable, TESTS / "admin_site.py", json.dumps(place)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "made": ["p/büro_one.png", 3, 2, "note"],
        "link": True,
        "replaced": ["p/two.png", 5, 7, False],
        "old": True,
        "refused": True,
        "deleted": 0,
    }


# -- Copies, migrations, settings --------------------------------------------------------------------------------------


def test_migrations_rebuild_the_same_storage():
    field = models.FileField(storage=S3Storage(bucket_name="b", location="x", gzip=True))
    text, imports = MigrationWriter.serialize(field)
    names = {}
    exec("\n".join(imports), names)
    again = eval(text, names)
    assert again.storage.deconstruct() == field.storage.deconstruct()
    assert field.clone().deconstruct()[3]["storage"] is field.storage


def test_migrations_hold_no_secret_of_the_settings():
    from django.test import override_settings

    with override_settings(AWS_S3_ACCESS_KEY_ID="AKID", AWS_S3_SECRET_ACCESS_KEY="hush"):
        text, _ = MigrationWriter.serialize(models.FileField(storage=S3Storage(bucket_name="b")))
        assert "hush" not in text and "AKID" not in text
        assert b"hush" not in pickle.dumps(S3Storage(bucket_name="b"))


@pytest.mark.parametrize("used", [False, True])
def test_deep_copies_are_storages_of_their_own(own_place, used):
    storage = own_place.storage(object_parameters={"Metadata": {"a": "b"}})
    if used:
        storage.exists("a")
    for twin in (copy.deepcopy(storage), copy.copy(storage), pickle.loads(pickle.dumps(storage))):
        twin.save("a", ContentFile(b"x"))
        assert storage.open("a").read() == b"x"
    deep = copy.deepcopy(storage)
    deep.object_parameters["Metadata"]["a"] = "changed"
    assert storage.object_parameters == {"Metadata": {"a": "b"}}


def test_override_settings_makes_storages_anew(site):
    for location in ("one", "two"):
        with site(default="S3Storage", location=location):
            default_storage.save("a", ContentFile(location.encode()))
            assert default_storage.location == location
    with site(default="S3Storage"):
        assert default_storage.listdir("")[0] == ["one", "two"]


def test_the_debug_page_shows_no_secret(own_place):
    from django.test import RequestFactory, override_settings
    from django.views.debug import technical_500_response

    storage = own_place.storage(secret_key="hush-hush-hush", security_token="token-token")
    try:
        storage.size("a")
    except orlop.OrlopError:
        with override_settings(ROOT_URLCONF="django.contrib.staticfiles.urls"):
            kind, error, trace = sys.exc_info()
            # Without this function's own frame, which spells the secrets out.
            page = technical_500_response(RequestFactory().get("/"), kind, error, trace.tb_next).content.decode()
    assert "&lt;S3Storage bucket=" in page  # the frames' variables are there
    assert "hush-hush-hush" not in page and "token-token" not in page and own_place.key not in page


# -- Threads and processes ---------------------------------------------------------------------------------------------


def test_a_file_is_read_by_several_threads(own_place):
    storage = own_place.storage()
    data = os.urandom(1 << 20)
    storage.save("a", ContentFile(data))
    assert in_threads(16, lambda _: storage.open("a").read() == data) == [True] * 16


PROGRAM = """
import sys
{before}
from django.conf import settings
settings.configure(USE_TZ=True)
from django.core.files.base import ContentFile
from storages.backends.s3 import S3Storage
storage = S3Storage(**eval(sys.argv[1]))
{body}
"""


def run_program(place, body, before=""):
    program = PROGRAM.format(body=body, before=before)
    command = [sys.executable, "-W", "error", "-c", program, repr(place.options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_gevent_patched_process(own_place):
    pytest.importorskip("gevent")
    done = run_program(
        own_place,
        "import gevent\n"
        "def work(n):\n"
        "    storage.save(f'{n}', ContentFile(b'x' * n))\n"
        "    return storage.open(f'{n}').read() == b'x' * n\n"
        "jobs = [gevent.spawn(work, n) for n in range(20)]\n"
        "gevent.joinall(jobs, timeout=30)\n"
        "assert all(job.value for job in jobs), [job.value for job in jobs]\n"
        "print(len(storage.listdir('')[1]))",
        before="from gevent import monkey; monkey.patch_all()",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "20\n", "")


@pytest.mark.parametrize(
    "left",
    [
        "file = storage.open('a'); file.read(3)",
        "file = storage.open('b', 'w'); file.write('never closed')",
        "file = storage.open('b', 'w'); file.write('x' * (12 << 20))",
        "import threading, time\n"
        "def work():\n"
        "    while True: storage.exists('a')\n"
        "for _ in range(8): threading.Thread(target=work, daemon=True).start()\n"
        "time.sleep(0.3)",
    ],
    ids=["a reader", "a writer", "a writer in parts", "threads"],
)
def test_the_interpreter_exits_cleanly(own_place, left):
    own_place.storage().save("a", ContentFile(b"content"))
    done = run_program(own_place, left)
    assert (done.returncode, done.stderr) == (0, "")
    assert not own_place.storage().exists("b")


def test_memory_of_a_reader_is_two_blocks(own_place):
    storage = own_place.storage()
    storage.save("big", ContentFile(bytes(64 << 20)))
    done = run_program(
        own_place,
        "import resource\n"
        "storage.exists('big')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "file = storage.open('big')\n"
        "total = sum(map(len, iter(lambda: file.read(65536), b'')))\n"
        "assert total == 64 << 20\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)",
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 16 << 10  # KiB
