"""save(): what arrives at the server, and what becomes of the caller's file."""

import io
import os
import tempfile

from parity.harness import Pipe, outcome, scenario

TYPES = (
    "a.css a.js a.svg a.json a.html a.txt a.csv a.xml a.map a.png a.tar.gz a.tgz a.css.gz a.css.br a.xml.bz2 a.svgz "
    "a.Z a.txt.xz a a.GZ A.CSS .css a.unknown a.gz dir.css/a a.woff2 a.wasm".split()
)


@scenario(each=TYPES)
def guessed_types(site, name):
    from django.core.files.base import ContentFile

    def stored(**options):
        site.storage(**options).save(name, ContentFile(b"content" * 100))
        return site.stored(name)

    return (
        stored(),
        stored(gzip=True),
        stored(object_parameters={"ContentType": "x/y"}),
        stored(gzip=True, object_parameters={"ContentEncoding": "identity"}),
    )


class Typed(io.BytesIO):
    def __init__(self, content_type):
        super().__init__(b"content")
        self.content_type = content_type


@scenario(each={"given": "a/b", "None": None, "empty": "", "with parameters": "text/css; charset=utf-8"})
def types_of_the_content(site, content_type):
    from django.core.files.base import File

    class Content(File):
        pass

    content = Content(io.BytesIO(b"content"), name="x")
    content.content_type = content_type
    site.storage(gzip=True).save("a.css", content)
    site.storage(gzip=True).save("b.css", Typed(content_type))
    return site.stored("a.css"), site.stored("b.css")


PARAMETERS = {
    "CacheControl": "max-age=86400",
    "ContentDisposition": 'attachment; filename="x.txt"',
    "ContentLanguage": "de",
    "ContentType": "x/y",
    "ContentEncoding": "identity",
    "Metadata": {"Colour": "red", "n": "1"},
    "Tagging": "a=b&c=d",
    "ACL": "private",
    "StorageClass": "STANDARD",
}


@scenario(each={name: ({name: value},) for name, value in PARAMETERS.items()} | {"all": (PARAMETERS,), "none": ({},)})
def object_parameters(site, parameters):
    from django.core.files.base import ContentFile

    storage = site.storage(object_parameters=parameters)
    result = outcome(storage.save, "a.txt", ContentFile(b"content"))

    def write():
        with storage.open("b.txt", "w") as file:
            file.write("content")

    return result, outcome(write), site.stored("a.txt"), site.stored("b.txt")


EXPIRES = [
    *["Mon, 15 Apr 2030 20:00:00 GMT", "Thu, 15 Apr 2030 20:00:00 GMT", "2030-04-15T20:00:00Z", "2030-04-15 20:00:00"],
    *["2030-04-15T22:00:00+02:00", "2030-04-15", 1902513600, "1902513600"],
    *[1902513600.5, -1, "-1"],
]


@scenario(each={repr(value): value for value in EXPIRES})
def expires(site, value):
    from django.core.files.base import ContentFile

    site.storage(object_parameters={"Expires": value}).save("a.txt", ContentFile(b"x"))
    return site.stored("a.txt")


@scenario
def a_file_of_text_beyond_ascii(site):
    file = on_disk("héllo wörld".encode(), "r", encoding="utf-8")
    return outcome(site.storage().save, "a.txt", file), site.stored("a.txt")


@scenario
def expires_as_moments(site):
    import datetime

    from django.core.files.base import ContentFile

    utc = datetime.timezone.utc
    moments = {
        "naive": datetime.datetime(2030, 1, 2, 3, 4, 5),
        "aware": datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=utc),
        "east": datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
    }
    for name, moment in moments.items():
        site.storage(object_parameters={"Expires": moment}).save(name, ContentFile(b"x"))
    return {name: site.stored(name) for name in moments}


@scenario(each=["Foo", "content_type", "Cache-Control", "Body"], differs="an unknown object parameter")
def unknown_object_parameters(site, name):
    from django.core.files.base import ContentFile

    return outcome(lambda: site.storage(object_parameters={name: "x"}).save("a", ContentFile(b"x")))


@scenario
def default_acl(site):
    return [
        site.kind()(**options)._get_write_parameters("a.txt")
        for options in (
            {},
            {"default_acl": "private"},
            {"default_acl": "private", "object_parameters": {"ACL": "public-read"}},
            {"default_acl": ""},
            {"default_acl": None},
        )
    ]


@scenario
def parameters_of_a_hook(site):
    from django.core.files.base import ContentFile

    seen = []

    class Hooked(site.kind()):
        def get_object_parameters(self, name):
            seen.append(name)
            return {**super().get_object_parameters(name), "CacheControl": f"of {name}"}

    storage = site.storage(Hooked, location="loc")
    storage.save("a.txt", ContentFile(b"x"))
    storage.exists("a.txt")
    with storage.open("b.txt", "w") as file:
        file.write("x")
    written = list(dict.fromkeys(seen))
    seen.clear()
    storage.open("a.txt").read()
    return written, list(dict.fromkeys(seen)), site.stored("loc/a.txt"), site.stored("loc/b.txt")


@scenario
def the_parameters_stay_as_they_are(site):
    from django.core.files.base import ContentFile

    given = {"CacheControl": "x"}
    storage = site.storage(object_parameters=given, gzip=True, default_acl="private")
    storage.save("a.css", ContentFile(b"x"))
    return given, storage.object_parameters is given


def temporary_upload(data):
    from django.core.files.uploadedfile import TemporaryUploadedFile

    file = TemporaryUploadedFile("upload.txt", "text/plain", len(data), None)
    file.write(data)
    file.flush()
    return file


def on_disk(data, mode="rb", **kwargs):
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(data)
    opened = open(file.name, mode, **kwargs)  # noqa: SIM115
    os.unlink(file.name)
    return opened


def spooled(data):
    file = tempfile.SpooledTemporaryFile()  # noqa: SIM115
    file.write(data)
    return file


DATA = bytes(range(256)) * 5


def contents():
    from django.core.files.base import ContentFile, File
    from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile

    return {
        "ContentFile": lambda: ContentFile(DATA),
        "ContentFile of text": lambda: ContentFile("plain text"),
        "BytesIO": lambda: io.BytesIO(DATA),
        "StringIO": lambda: io.StringIO("plain text"),
        "File": lambda: File(io.BytesIO(DATA)),
        "file": lambda: on_disk(DATA),
        "raw file": lambda: on_disk(DATA, buffering=0),
        "File of a file": lambda: File(on_disk(DATA)),
        "text file": lambda: on_disk(b"plain text", "r"),
        "pipe": lambda: File(Pipe(DATA), name="pipe"),
        "spooled": lambda: spooled(DATA),
        "SimpleUploadedFile": lambda: SimpleUploadedFile("x", DATA, "x/y"),
        "InMemoryUploadedFile": lambda: InMemoryUploadedFile(io.BytesIO(DATA), "f", "x", "x/y", len(DATA), None),
        "TemporaryUploadedFile": lambda: temporary_upload(DATA),
        "empty": lambda: ContentFile(b""),
        "empty file": lambda: on_disk(b""),
    }


CONTENTS = (
    "ContentFile|ContentFile of text|BytesIO|StringIO|File|file|raw file|File of a file|text file|pipe|spooled|"
    "SimpleUploadedFile|InMemoryUploadedFile|TemporaryUploadedFile|empty|empty file".split("|")
)


@scenario(each={f"{kind}, {compress}": (kind, compress) for kind in CONTENTS for compress in (False, True)})
def kinds_of_content(site, kind, compress):
    import gzip

    content = contents()[kind]()
    storage = site.storage(gzip=compress, gzip_content_types=["text/plain", "x/y"])
    saved = outcome(storage.save, "a.txt", content)
    stored = site.stored("a.txt")
    if stored.get("ContentEncoding") == "gzip":
        stored["body"] = gzip.decompress(stored["body"])
    name = getattr(content, "name", None)
    return saved, stored, getattr(content, "closed", None), name if isinstance(name, str) and "/" not in name else None


@scenario(each=[name for name in CONTENTS if name != "pipe"])
def saved_midway_and_twice(site, kind):
    content = contents()[kind]()
    storage = site.storage()
    content.read(3)
    storage.save("a", content)
    storage.save("b", content)
    return site.stored("a"), site.stored("b")


@scenario(each={"ContentFile": "ContentFile", "StringIO": "StringIO"}, differs="text is stored whole")
def text_beyond_ascii(site, kind):
    from django.core.files.base import ContentFile

    text = "héllo wörld " * 3
    content = {
        "ContentFile": lambda: ContentFile(text),
        "StringIO": lambda: io.StringIO(text),
    }[kind]()
    return outcome(site.storage().save, "a.txt", content), site.stored("a.txt")


@scenario(each={"7 MiB": 7 << 20, "9 MiB": 9 << 20, "17 MiB": 17 << 20})
def large_contents(site, size):
    import hashlib

    from django.core.files.base import ContentFile, File

    data = os.urandom(1 << 20) * (size >> 20)
    storage = site.storage()
    storage.save("a.bin", ContentFile(data))
    storage.save("b.bin", File(Pipe(data)))
    bodies = [site.stored(name)["body"] for name in ("a.bin", "b.bin")]
    etags = [site.client().head_object(Bucket=site.bucket, Key=name)["ETag"].count("-") for name in ("a.bin", "b.bin")]
    return [hashlib.md5(body).digest() == hashlib.md5(data).digest() for body in bodies], etags


@scenario
def gzip_is_reproducible(site):
    from django.core.files.base import ContentFile

    storage = site.storage(gzip=True)
    for name in ("a.css", "b.css"):
        storage.save(name, ContentFile(b"body { color: red }" * 50))
    same = site.stored("a.css")["body"] == site.stored("b.css")["body"]
    return same, site.stored("a.css")["body"][:10], storage.open("a.css").read(), storage.size("a.css") < 950


@scenario
def overwriting(site):
    from django.core.files.base import ContentFile

    storage = site.storage(location="loc")
    names = [storage.save("a.txt", ContentFile(data)) for data in (b"first", b"second")]
    return names, site.stored("loc/a.txt"), site.keys()


@scenario(
    each={name: name for name in ("CacheControl", "ContentType", "ACL")}, differs="an object parameter that is `None`"
)
def parameters_that_are_none(site, name):
    storage = site.storage(object_parameters={name: None})
    return outcome(storage.save, "a.txt", io.BytesIO(b"x")), site.stored("a.txt")


@scenario(differs="metadata beyond ASCII")
def metadata_beyond_ascii(site):
    storage = site.storage(object_parameters={"Metadata": {"author": "Zoë"}})
    return outcome(storage.save, "a.txt", io.BytesIO(b"x")), site.stored("a.txt")
