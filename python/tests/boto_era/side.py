"""One side of the comparison with boto: runs the steps against the s3boto it finds, and prints what came of each.

What it is to do comes on standard input: {"host": ..., "port": ..., "key": ..., "secret": ..., "bucket": ...}.
"""

from __future__ import annotations

import base64
import json
import sys
import time
import warnings
from pathlib import Path
from unittest import mock

from django.conf import settings

NOW = 1709618828.0
STEPS = []


def step(function):
    STEPS.append(function)
    return function


def plain(value):
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value


# -- The steps, in this order; each has the storage for its own options ------------------------------------------------


@step
def naming(make):
    storage = make()
    return [storage.get_available_name(name) for name in ("a.txt", "d//a.txt", "d\\a.txt", "d/./a.txt")]


@step
def saving(make):
    storage = make()
    saved = [storage.save(name, content(b"hello")) for name in ("a.txt", "dir/b c+d~\u00e9.txt", "noext")]
    return [saved, [storage.exists(name) for name in saved], [storage.size(name) for name in saved]]


@step
def overwriting(make):
    storage = make()
    return [storage.save("a.txt", content(b"hello again")), storage.size("a.txt")]


@step
def keeping(make):
    storage = make(file_overwrite=False)
    name = storage.save("a.txt", content(b"another"))
    return [name != "a.txt", name.startswith("a"), storage.size(name), storage.delete(name)]


@step
def reading(make):
    file = make().open("a.txt", "rb")
    return [file.size, file.name, file.read(5), file.read(), file.close()]


@step
def reading_what_is_not_there(make):
    try:
        make().open("nowhere.txt", "rb")
    except OSError as error:
        return ["OSError", str(error)]
    return None


@step
def existing(make):
    storage = make()
    return [storage.exists(name) for name in ("nowhere.txt", "dir", "dir/", "")]


@step
def deleting(make):
    storage = make()
    storage.save("gone.txt", content(b"x"))
    return [storage.delete("gone.txt"), storage.exists("gone.txt"), storage.delete("gone.txt")]


@step
def listing(make):
    storage = make(location="list")
    for name in ("a.txt", "one/b.txt", "one/deep/c.txt", "two/d.txt"):
        storage.save(name, content(b"x"))
    directories, files = storage.listdir("")
    below = storage.listdir("one")
    return [sorted(directories), sorted(files), sorted(below[0]), sorted(below[1]), storage.listdir("nowhere")]


@step
def listing_a_marker(make):
    storage = make(location="marked")
    storage.save("a.txt", content(b"x"))
    with mock.patch.object(type(storage), "_normalize_name", lambda self, name: "marked/"):
        storage.save("marker", content(b""))
    return sorted(storage.listdir("")[1])


@step
def located(make):
    storage = make(location="media/")
    name = storage.save("a.txt", content(b"x"))
    return [name, storage.exists("a.txt"), make().exists("media/a.txt"), storage.open(name, "rb").name]


@step
def times(make):
    storage = make()
    modified = storage.get_modified_time("a.txt")
    return [str(modified.utcoffset()), storage.modified_time("a.txt").tzinfo is None]


@step
def headers(make):
    given = {
        "Expires": "Thu, 15 Apr 2010 20:00:00 GMT",
        "Cache-Control": "max-age=86400",
        "Content-Disposition": "inline",
        "Content-Language": "de",
        "x-amz-meta-origin": "site",
        "Content-Type": "application/x-header",
    }
    storage = make(headers=given, default_acl=None)
    storage.save("headers/saved.txt", content(b"x"))
    with storage.open("headers/written.txt", "wb") as file:
        file.write(b"x")
    return sorted(given)


@step
def types(make):
    storage = make()
    for name in ("t/a.css", "t/a.css.gz", "t/a.js", "t/a", "t/a.tar.gz"):
        storage.save(name, content(b"x"))
    return None


@step
def compressing(make):
    storage = make(gzip=True)
    storage.save("z/a.css", content(b"a {}"))
    storage.save("z/a.txt", content(b"text"))
    return [storage.open("z/a.css", "rb").read(), storage.open("z/a.txt", "rb").read()]


@step
def writing(make):
    with make().open("w/a.bin", "wb") as file:
        written = [file.write(b"hello "), file.write(b"world")]
    return [make().size("w/a.bin"), make().open("w/a.bin", "rb").read(), len(written)]


@step
def writing_nothing(make):
    """Differs: an empty file."""
    make().open("empty/a.txt", "wb").close()
    return make().exists("empty/a.txt")


@step
def reading_text(make):
    """Differs: text."""
    return type(make().open("a.txt", "r").read()).__name__


@step
def size_of_what_is_not_there(make):
    """Differs: an OSError."""
    try:
        make().size("nowhere.txt")
    except Exception as error:
        return isinstance(error, FileNotFoundError)


@step
def writing_parts(make):
    with make().open("w/large.bin", "wb") as file:
        file.write(b"a" * (5 << 20))
        file.write(b"b" * 1000)
    return make().size("w/large.bin")


@step
def reduced(make):
    return make(reduced_redundancy=True).save("r/a.txt", content(b"x"))


@step
def preloading(make):
    make(location="pre").save("a.txt", content(b"hello"))
    storage = make(location="pre", preload_metadata=True)
    return [storage.exists("a.txt"), storage.size("a.txt"), storage.exists("b.txt"), sorted(storage.entries)]


@step
def urls(make):
    calls = [
        {},
        {"expire": 60},
        {"response_headers": {"response-content-type": "a/b c", "response-content-disposition": "x"}},
        {"headers": {"Content-Type": "a/b", "x-amz-meta-a": "1", "Foo": "x"}},
    ]
    names = ("a.txt", "dir/b c+d~\u00e9.txt", "it's(1)!*;:@&=$,x?#%20.txt")
    of_nobody = {"bucket_name": "test-bucket", "access_key": "AKIDEXAMPLE", "secret_key": "hidden"}
    with mock.patch.object(time, "time", lambda: NOW):
        signed = [make(**of_nobody).url(name, **call) for name in names for call in calls]
    return signed + [make(querystring_auth=False).url(name, **call) for name in names for call in calls[:3]]


@step
def urls_of_domains(make):
    options = [{}, {"secure_urls": False}, {"secure_urls": False, "url_protocol": ""}, {"url_protocol": "http:"}]
    return [make(custom_domain="cdn.example.com", **one).url("dir/a b~\u00e9.txt", expire=1) for one in options]


@step
def deconstructing(make):
    from storages.backends.s3boto import S3BotoStorage

    return plain(S3BotoStorage(location="x", bucket="b").deconstruct())


def content(data):
    from django.core.files.base import ContentFile

    return ContentFile(data)


def main():
    task = json.load(sys.stdin)
    settings.configure(USE_TZ=True, TIME_ZONE="America/Chicago", SECRET_KEY="x")
    warnings.simplefilter("ignore")
    import storages
    from storages.backends import s3boto

    if hasattr(s3boto, "OrdinaryCallingFormat"):
        calling_format = s3boto.OrdinaryCallingFormat()
    else:
        from boto.s3.connection import OrdinaryCallingFormat

        calling_format = OrdinaryCallingFormat()

    def make(**options):
        return s3boto.S3BotoStorage(
            **{
                "bucket_name": task["bucket"],
                "host": task["host"],
                "port": task["port"],
                "use_ssl": False,
                "calling_format": calling_format,
                "access_key": task["key"],
                "secret_key": task["secret"],
                "default_acl": None,
                **options,
            }
        )

    outcomes = {"": str(Path(storages.__file__).parent)}
    for one in STEPS:
        try:
            outcomes[one.__name__] = json.loads(json.dumps(one(make), default=plain))
        except Exception as error:
            outcomes[one.__name__] = {"raised": f"{type(error).__name__}: {error}"}
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
