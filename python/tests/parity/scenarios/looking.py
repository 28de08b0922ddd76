"""exists, size, times, listings, deletion; what others hold of a storage."""

import copy
import pickle

from parity.harness import outcome, scenario


@scenario(each={"root": "", "location": "loc"})
def exists(site, location):
    prefix = f"{location}/" if location else ""
    for key in ("a", "dir/b", "mark/", "é/ü"):
        site.put(prefix + key)
    storage = site.storage(location=location)
    names = ("a", "b", "dir", "dir/", "dir/b", "mark", "mark/", "é/ü", "./a", "dir\\b", "x/../a", "dir//b", "a/")
    return {name: outcome(storage.exists, name) for name in names} | {
        "overwrite off": site.storage(location=location, file_overwrite=False).exists("a"),
        "outside": outcome(storage.exists, "../outside"),
        "absolute": outcome(storage.exists, "/a"),
    }


@scenario(each={"root": "", "location": "loc"}, differs='`exists("")`')
def exists_of_nothing(site, location):
    return outcome(site.storage(location=location).exists, "")


@scenario
def no_such_bucket(site):
    storage = site.storage(bucket_name=f"{site.bucket}-not")
    return outcome(storage.exists, "a")


@scenario(differs="`delete()` in a bucket")
def delete_in_no_bucket(site):
    return outcome(site.storage(bucket_name=f"{site.bucket}-not").delete, "a")


@scenario(each=["exists", "size", "get_modified_time", "delete", "listdir", "open"])
def denied(site, method):
    site.put("a")
    storage = site.storage(secret_key="wrong")
    return outcome(getattr(storage, method), "a")


@scenario
def size_and_time(site):
    site.put("a.txt", b"12345")
    storage = site.storage()
    with site.settings(USE_TZ=True):
        aware = storage.get_modified_time("a.txt")
    with site.settings(USE_TZ=False, TIME_ZONE="America/Chicago"):
        naive = storage.get_modified_time("a.txt")
    from datetime import timedelta

    apart = aware.replace(tzinfo=None) - naive
    return storage.size("a.txt"), aware, naive, apart in (timedelta(hours=5), timedelta(hours=6))


@scenario(each=["path", "get_created_time", "get_accessed_time"])
def what_s3_has_not(site, method):
    return outcome(getattr(site.storage(), method), "a")


KEYS = ["a", "b.txt", "dir/c", "dir/d/e", "dir/", "dir2/f", "é/x", "dir/d/", "z/y/x"]
PATHS = ["", "/", ".", "dir", "dir/", "dir/d", "nowhere", "di", "é", "./dir", "dir/../dir2", "..", "z", "dir\\d"]


@scenario(each={f"{path!r}, {location!r}": (path, location) for path in PATHS for location in ("", "loc")})
def listdir(site, path, location):
    prefix = f"{location}/" if location else ""
    for key in KEYS:
        site.put(prefix + key)
    site.put("outside")
    return outcome(site.storage(location=location).listdir, path)


@scenario
def listdir_of_many(site):
    for number in range(1005):
        site.put(f"many/{number:04}")
    directories, files = site.storage().listdir("many")
    return directories, len(files), files[:3], files[-1]


@scenario
def delete(site):
    for key in ("loc/a", "loc/dir/b", "loc/mark/"):
        site.put(key)
    storage = site.storage(location="loc")
    results = [outcome(storage.delete, name) for name in ("a", "a", "dir", "mark/", "../outside", "é")]
    return results, site.keys()


@scenario(differs='`delete("")`')
def delete_nothing(site):
    return outcome(site.storage().delete, "")


@scenario
def versions_and_customer_parameters(site):
    site.put("a", b"x")
    storage = site.storage(object_parameters={"RequestPayer": "requester", "CacheControl": "x"})
    return outcome(storage.exists, "a"), outcome(lambda: storage.open("a").read())


@scenario(each=["S3Storage", "S3StaticStorage", "S3ManifestStaticStorage"])
def deconstruct(site, kind):
    given = {**site.options, "location": "loc", "gzip": True}
    path, arguments, named = site.kind(kind)(**given).deconstruct()
    return path, arguments, named == given


@scenario
def deconstruct_of_the_other_name(site):
    from storages.backends.s3boto3 import S3Boto3Storage

    return S3Boto3Storage(location="x").deconstruct()


@scenario
def pickles_and_copies(site):
    site.put("loc/a", b"content")
    storage = site.storage(location="loc", gzip=True, querystring_expire=7)
    unused = pickle.loads(pickle.dumps(storage))
    storage.exists("a")
    storage.url("a")
    copies = [
        unused,
        pickle.loads(pickle.dumps(storage)),
        pickle.loads(pickle.dumps(storage, 0)),
        copy.deepcopy(storage),
        copy.copy(storage),
    ]
    return [
        (one.location, one.gzip, one.querystring_expire, one.exists("a"), one == storage, one.deconstruct()[0])
        for one in copies
    ]


@scenario
def equality(site):
    one, two = site.kind()(location="a"), site.kind()(location="a")
    return one == two, one == one, hash(one) == hash(one)


@scenario
def subclasses_see_their_hooks(site):
    from django.core.files.base import ContentFile

    calls = []

    class Hooked(site.kind()):
        def _normalize_name(self, name):
            calls.append("_normalize_name")
            return super()._normalize_name(name)

        def get_available_name(self, name, max_length=None):
            calls.append("get_available_name")
            return super().get_available_name(name, max_length)

        def _save(self, name, content):
            calls.append("_save")
            return super()._save(name, content)

        def _open(self, name, mode="rb"):
            calls.append("_open")
            return super()._open(name, mode)

        def _get_write_parameters(self, name, content=None):
            calls.append("_get_write_parameters")
            return super()._get_write_parameters(name, content)

        def get_object_parameters(self, name):
            calls.append("get_object_parameters")
            return super().get_object_parameters(name)

        def _compress_content(self, content):
            calls.append("_compress_content")
            return super()._compress_content(content)

    storage = site.storage(Hooked, gzip=True)
    storage.save("a.css", ContentFile(b"x"))
    storage.open("a.css").read()
    storage.url("a.css")
    return sorted(set(calls))


@scenario
def boto3_objects(site):
    site.put("loc/a", b"content")
    storage = site.storage(location="loc")
    file = storage.open("a")
    return {
        "bucket": storage.bucket.name == site.bucket,
        "connection": type(storage.connection).__name__,
        "keys": [item.key for item in storage.bucket.objects.filter(Prefix="loc/")],
        "client": storage.connection.meta.client.meta.endpoint_url == site.options["endpoint_url"],
        "unsigned": storage.unsigned_connection.meta.client.meta.config.signature_version.__class__.__name__,
        "same": storage.connection is storage.connection,
        "obj": [file.obj.key, file.obj.content_length],
    }


@scenario
def boto3_objects_of_threads(site):
    import threading

    storage, seen = site.storage(), []
    here = storage.connection
    thread = threading.Thread(target=lambda: seen.append(storage.connection is here))
    thread.start()
    thread.join()
    return seen, storage.connection is here


@scenario(each={"long": "x" * 1025, "NUL": "a\0b"}, differs="a name no service takes")
def names_no_service_takes(site, name):
    return outcome(site.storage().exists, name)


@scenario(each={"None": None, "int": 5, "surrogate": "\ud800", "bytes": b"a"})
def what_is_no_name(site, name):
    storage = site.storage()
    methods = ("exists", "size", "listdir", "delete", "url", "open", "get_available_name")
    # The kind of the error is compared, not CPython's words.
    return [
        outcome(getattr(storage, method), name)["raised"]["kinds"]
        for method in methods
        if name != "\ud800" or method != "get_available_name"
    ]
