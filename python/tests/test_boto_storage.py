"""The class on boto at work: files, listings, headers, buckets that are made, and what is asked once."""

from __future__ import annotations

import gzip
import pickle
from datetime import timezone

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils.module_loading import import_string
from helpers.collecting import collect, site
from helpers.static_files import write_files
from orlop import OrlopError, Unsupported
from storages.backends.s3boto import S3BotoStorage, S3BotoStorageFile
from storages.s3.options import ClientConfig

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def storage(place):
    def make(**options):
        return place.storage(S3BotoStorage, **options)

    return make


def operations(server):
    return [request.operation for request in server.take_log()]


def test_the_scenario_of_the_manual(storage):
    """Seeds 000, 001, 002: "Storage"."""
    storage = storage()
    assert not storage.exists("storage_test")
    file = storage.open("storage_test", "w")
    assert isinstance(file, S3BotoStorageFile)
    file.write("storage contents")
    file.close()
    assert storage.exists("storage_test")
    assert storage.open("storage_test", "r").read() == "storage contents"
    assert storage.size("storage_test") == 16
    storage.delete("storage_test")
    assert not storage.exists("storage_test")


def test_a_missing_file(storage):
    with pytest.raises(OSError, match=r"^File does not exist: nowhere\.txt"):
        storage().open("nowhere.txt")
    with pytest.raises(S3BotoStorage.connection_response_error):
        storage().size("nowhere.txt")
    assert S3BotoStorage.connection_response_error is OrlopError


def test_exists_of_nothing(storage, place):
    assert storage().exists("") is True
    assert storage(bucket_name="orlop-there-is-none").exists("") is False
    assert storage(bucket_name=None).exists("") is False
    with pytest.raises(ImproperlyConfigured, match="AWS_STORAGE_BUCKET_NAME"):
        storage(bucket_name=None).exists("a.txt")


def test_listdir(storage, place):
    storage = storage(location="media")
    handle = place.handle()
    keys = ["media/a.txt", "media/dir/b.txt", "media/dir/deep/c.txt", "mediax/d.txt", "e.txt"]
    marker = [] if place.dialect == "s3proxy" else [""]  # it keeps no objects with a slash at their end
    assert handle.put_many([*((f"media/{name}", b"") for name in marker), *((key, b"x") for key in keys)])
    directories, files = storage.listdir("")
    assert sorted(directories) == ["dir"]
    assert sorted(files) == [*marker, "a.txt"]
    assert storage.listdir("dir") == storage.listdir("dir/") == (["deep"], ["b.txt"])
    assert storage.listdir("nowhere") == ([], [])


def test_times(storage):
    storage = storage()
    storage.save("a.txt", ContentFile(b"x"))
    aware = storage.get_modified_time("a.txt")
    assert aware.utcoffset() == timezone.utc.utcoffset(None)
    naive = storage.modified_time("a.txt")
    assert naive.tzinfo is None and (naive - aware.replace(tzinfo=None)).total_seconds() in (-21600, -18000)  # Chicago
    with override_settings(USE_TZ=False):
        assert storage.modified_time("a.txt") == storage.get_modified_time("a.txt")


# -- What goes with an upload ------------------------------------------------------------------------------------------


def test_headers(storage, place):
    headers = {
        "Expires": "Thu, 15 Apr 2010 20:00:00 GMT",
        "Cache-Control": "max-age=86400",
        "content-disposition": "inline",
        "x-amz-meta-Origin": "site",
        "Vary": "Accept-Encoding",  # which S3 never kept
    }
    storage = storage(headers=headers)
    storage.save("saved.txt", ContentFile(b"x"))
    with storage.open("written.txt", "w") as file:
        file.write("x")
    for name in ("saved.txt", "written.txt"):
        meta = place.handle().stat(name)
        assert (meta.cache_control, meta.content_disposition) == ("max-age=86400", "inline")
        assert meta.expires == "Thu, 15 Apr 2010 20:00:00 GMT"
        assert meta.user == {"origin": "site"}
        assert meta.content_type == "text/plain"


def test_headers_and_the_content_type(storage, place):
    """The backend's own wins when a file is saved, the header's when an open file is written."""
    storage = storage(headers={"Content-Type": "application/x-header"})
    storage.save("saved.txt", ContentFile(b"x"))
    with storage.open("written.txt", "w") as file:
        file.write("x")
    assert place.handle().stat("saved.txt").content_type == "text/plain"
    assert place.handle().stat("written.txt").content_type == "application/x-header"


def test_headers_of_parts(storage, place):
    """A file in several parts has them too."""
    storage = storage(headers={"Cache-Control": "no-store"})
    with storage.open("large.bin", "wb") as file:
        file.write(b"a" * (5 << 20))
        file.write(b"b" * (1 << 20))
    meta = place.handle().stat("large.bin")
    assert (meta.size, meta.cache_control) == (6 << 20, "no-store")


def test_the_callers_dict_stays_as_it_is(storage):
    headers = {"Cache-Control": "max-age=1"}
    storage(headers=headers, gzip=True).save("a.css", ContentFile(b"a {}"))
    assert headers == {"Cache-Control": "max-age=1"}


def test_parameters_of_an_upload(place):
    made = place.storage(
        S3BotoStorage,
        encryption=True,
        reduced_redundancy=True,
        headers={"x-amz-storage-class": "STANDARD"},
        acl="private",
    )
    assert made._get_write_parameters("a.txt") == {
        "ContentType": "text/plain",
        "ServerSideEncryption": "AES256",
        "StorageClass": "REDUCED_REDUNDANCY",
        "ACL": "private",
    }
    today = place.storage(S3BotoStorage, reduced_redundancy=True, object_parameters={"StorageClass": "STANDARD_IA"})
    assert today._get_write_parameters("a.txt")["StorageClass"] == "STANDARD_IA"


def test_nothing_is_public_by_itself(own_place):
    assert "ACL" not in own_place.storage(S3BotoStorage)._get_write_parameters("a.txt")
    with override_settings(AWS_DEFAULT_ACL="public-read"):
        assert own_place.storage(S3BotoStorage)._get_write_parameters("a.txt")["ACL"] == "public-read"


def test_reduced_redundancy_arrives(own_place):
    storage = own_place.storage(S3BotoStorage, reduced_redundancy=True)
    storage.save("a.txt", ContentFile(b"x"))
    assert own_place.handle().stat("a.txt").provider["StorageClass"] == "REDUCED_REDUNDANCY"


def test_encryption_is_asked_of_the_service(own_place):
    with pytest.raises(Unsupported):  # by the development server, which has no keys to do it with
        own_place.storage(S3BotoStorage, encryption=True).save("a.txt", ContentFile(b"x"))


def test_gzip(storage, place):
    storage = storage(gzip=True)
    storage.save("a.css", ContentFile(b"a {}"))
    meta = place.handle().stat("a.css")
    assert meta.content_encoding == "gzip"
    assert storage.open("a.css", "rb").read() == b"a {}"


def test_what_replaces_a_compressed_file_is_compressed(storage, place):
    storage = storage(gzip=True)
    storage.save("a.css", ContentFile(b"a {}"))
    with storage.open("a.css", "w") as file:
        assert file.write("b ") == 2
        assert file.write("{}") == 2
    assert gzip.decompress(storage_bytes(place, "a.css")) == b"b {}"
    assert place.handle().stat("a.css").content_encoding == "gzip"
    with storage.open("plain.css", "w") as file:
        file.write("b {}")
    assert storage_bytes(place, "plain.css") == b"b {}"


def storage_bytes(place, name):
    with place.storage().open(name, "rb") as file:
        return file.read()


# -- Buckets that are made ---------------------------------------------------------------------------------------------


def test_the_bucket_is_made(storage, place):
    bucket = f"{place.bucket}-made"
    made = storage(bucket_name=bucket, auto_create_bucket=True, bucket_acl="private")
    made.save("a.txt", ContentFile(b"x"))
    assert made.exists("a.txt")
    assert storage(bucket_name=bucket, auto_create_bucket=True).listdir("") == ([], ["a.txt"])


def test_the_buckets_acl_arrives(storage, place):
    if place.dialect != "ceph":
        pytest.skip("keeps no ACLs of buckets")
    bucket = f"{place.bucket}-public"
    storage(bucket_name=bucket, auto_create_bucket=True, bucket_acl="public-read").save("a.txt", ContentFile(b"x"))
    assert place.storage(bucket_name=bucket, client_config=ClientConfig(signature_version=UNSIGNED())).exists("")
    with pytest.raises(PermissionError):
        place.storage(client_config=ClientConfig(signature_version=UNSIGNED())).listdir("")


class UNSIGNED:
    """botocore's word for no signature is an object, known by its class's name."""


def test_a_bucket_is_not_made_unasked(storage, place):
    with pytest.raises(FileNotFoundError):
        storage(bucket_name=f"{place.bucket}-not-made").save("a.txt", ContentFile(b"x"))


def test_making_costs_one_request_where_it_is_there(own_place, own_server):
    storage = own_place.storage(S3BotoStorage, auto_create_bucket=True)
    storage.save("a.txt", ContentFile(b"x"))
    storage.save("b.txt", ContentFile(b"x"))
    assert operations(own_server) == ["ListObjectsV2", "PutObject", "PutObject"]


def test_no_request_without_it(own_place, own_server):
    own_place.storage(S3BotoStorage).save("a.txt", ContentFile(b"x"))
    assert operations(own_server) == ["PutObject"]


# -- AWS_PRELOAD_METADATA ----------------------------------------------------------------------------------------------


def test_preloading_answers_from_one_listing(own_place, own_server):
    own_place.storage(location="media").save("a.txt", ContentFile(b"hello"))
    own_place.storage().save("b.txt", ContentFile(b"elsewhere"))
    modified = own_place.storage(location="media").get_modified_time("a.txt")
    own_server.take_log()

    storage = own_place.storage(S3BotoStorage, location="media", preload_metadata=True)
    assert storage.exists("a.txt") and not storage.exists("b.txt") and not storage.exists("c.txt")
    assert (storage.size("a.txt"), storage.size("nowhere.txt")) == (5, 0)
    assert storage.get_modified_time("a.txt").replace(microsecond=0) == modified
    assert list(storage.entries) == ["media/a.txt"]
    assert operations(own_server) == ["ListObjectsV2"]


def test_preloading_notices_its_own_changes(own_place):
    own_place.storage().save("old.txt", ContentFile(b"old"))
    storage = own_place.storage(S3BotoStorage, preload_metadata=True)
    assert storage.exists("old.txt")
    storage.save("new.txt", ContentFile(b"brand new"))
    assert storage.exists("new.txt") and storage.size("new.txt") == 9
    with storage.open("open.txt", "w") as file:
        file.write("x")
    assert storage.exists("open.txt") and storage.get_modified_time("open.txt")
    storage.delete("old.txt")
    assert not storage.exists("old.txt")


def test_without_preloading_there_are_no_entries(own_place, own_server):
    storage = own_place.storage(S3BotoStorage)
    assert storage.entries == {}
    assert operations(own_server) == []


# -- Being an object of Django's ---------------------------------------------------------------------------------------


def test_pickles(own_place):
    storage = own_place.storage(S3BotoStorage, preload_metadata=True, headers={"Cache-Control": "no-store"}, gzip=True)
    storage.save("a.txt", ContentFile(b"x"))
    assert storage.exists("a.txt")
    again = pickle.loads(pickle.dumps(storage))
    assert again.exists("a.txt")
    assert again._get_write_parameters("a.txt") == storage._get_write_parameters("a.txt")
    assert again.url("a.txt").partition("?")[0] == storage.url("a.txt").partition("?")[0]
    with override_settings(AWS_HEADERS={"x-amz-server-side-encryption-customer-key": "hidden"}):
        assert b"hidden" not in pickle.dumps(own_place.storage(S3BotoStorage))


def test_deconstructs():
    path, arguments, options = S3BotoStorage("private", "media", location="x").deconstruct()
    assert path == "storages.backends.s3boto.S3BotoStorage"
    assert import_string(path) is S3BotoStorage
    assert (arguments, options) == (("private", "media"), {"location": "x"})


def test_a_subclass_has_the_last_word(own_place):
    class Static(S3BotoStorage):
        querystring_auth = False
        headers = {"Cache-Control": "no-store"}
        preload_metadata = True

    with override_settings(AWS_QUERYSTRING_AUTH=True, AWS_HEADERS={"Cache-Control": "max-age=1"}):
        storage = own_place.storage(Static)
        assert "?" not in storage.url("a.txt")
        assert storage._get_write_parameters("a.txt")["CacheControl"] == "no-store"
        assert storage.preload_metadata is True


def test_variables_of_a_subclass(monkeypatch):
    class Google(S3BotoStorage):
        access_key_names = ["GS_ACCESS_KEY_ID"]
        secret_key_names = ["GS_SECRET_ACCESS_KEY"]

    monkeypatch.setenv("GS_ACCESS_KEY_ID", "theirs")
    monkeypatch.setenv("GS_SECRET_ACCESS_KEY", "hidden")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ours")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    assert (Google().access_key, Google().secret_key) == ("theirs", "hidden")
    assert S3BotoStorage().access_key == "ours"


# -- Signatures of requests --------------------------------------------------------------------------------------------


def test_urls_of_both_versions_work(storage, place):
    from urllib.request import urlopen

    storage(location="x").save("a b.txt", ContentFile(b"hello"))
    if place.ca:
        pytest.skip("urllib does not know this certificate")
    call = {"response_headers": {"response-content-type": "text/x"}}
    for version in (None, True):
        with urlopen(storage(location="x", use_sigv4=version).url("a b.txt", **call)) as answer:
            assert (answer.read(), answer.headers["Content-Type"]) == (b"hello", "text/x")


def test_requests_of_version_2(storage, place):
    """S3_USE_SIGV4 = False: for services that know nothing newer. All of these know both."""
    old = storage(use_sigv4=False, location="dir")
    name = old.save("a b+c~é.txt", ContentFile(b"hello"))
    with old.open("large.bin", "wb") as file:
        file.write(b"a" * (5 << 20))
        file.write(b"b")
    assert (old.size(name), old.size("large.bin")) == (5, (5 << 20) + 1)
    assert old.open(name, "rb").read() == b"hello"
    assert sorted(old.listdir("")[1]) == ["a b+c~é.txt", "large.bin"]
    old.delete(name)
    assert not old.exists(name) and old.exists("")
    assert old._engine_options()["request_signature"] == "v2"


# -- collectstatic -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plain", [False, True])
def test_collectstatic(own_place, own_server, tmp_path, plain):
    write_files(tmp_path, {"site.css": "a {}", "img/logo.svg": "<svg/>", "notes.txt": "x"})
    headers = {"Cache-Control": "max-age=86400"}
    options = {"location": "static", "gzip": True, "headers": headers, "preload_metadata": True}
    for _ in range(2):
        own_server.take_log()
        with site(own_place, tmp_path, S3BotoStorage, **options):
            collect(plain=plain)
    # The second run sends nothing.
    assert not [request for request in own_server.take_log() if request.method == "PUT"]
    assert sorted(own_place.storage(location="static").listdir("")[1]) == ["notes.txt", "site.css"]
    meta = own_place.handle().stat("static/site.css")
    assert (meta.content_encoding, meta.cache_control) == ("gzip", "max-age=86400")
