"""What the boto tutorial shows, call by call, as a script of its time; what came of each call is printed.

With boto it runs as it stands. For ours the imports get a prefix, and nothing else changes.
Where on standard input: {"host": ..., "port": ..., "key": ..., "secret": ..., "bucket": ..., "folder": ...}.
"""

import io
import json
import os
import sys

import boto
from boto.exception import BotoClientError, S3CreateError, S3ResponseError
from boto.s3.connection import Location, OrdinaryCallingFormat, S3Connection
from boto.s3.key import Key

STEPS = []


def step(function):
    STEPS.append(function)
    return function


def refused(call, *arguments, **keywords):
    try:
        return ["done", str(call(*arguments, **keywords))]
    except (S3ResponseError, S3CreateError) as error:
        return [type(error).__name__, error.status, error.reason, error.error_code]
    except (BotoClientError, AssertionError, AttributeError, ValueError, TypeError) as error:
        return [type(error).__name__]


class Site:
    def __init__(self, task):
        self.task = task
        self.place = {
            "host": task["host"],
            "port": task["port"],
            "is_secure": False,
            "calling_format": OrdinaryCallingFormat(),
        }
        self.conn = S3Connection(task["key"], task["secret"], **self.place)
        self.name = task["bucket"]
        self.folder = task["folder"]

    def bucket(self):
        return self.conn.get_bucket(self.name)

    def key(self, name):
        key = Key(self.bucket())
        key.key = name
        return key


# -- Connecting --------------------------------------------------------------------------------------------------------


@step
def shortcut(site):
    conn = boto.connect_s3(site.task["key"], site.task["secret"], **site.place)
    return [type(conn).__name__, repr(conn) == "S3Connection:" + site.task["host"]]


@step
def create_bucket(site):
    bucket = site.conn.create_bucket(site.name, location=Location.DEFAULT)
    return [bucket.name, repr(bucket), bucket.get_location().replace("us-east-1", "")]


@step
def create_what_cannot_be(site):
    return [
        refused(site.conn.create_bucket, "Upper-Case"),
        refused(site.conn.create_bucket, "x"),
        refused(site.conn.create_bucket, site.name + "-elsewhere", location=Location.EU),
    ]


@step
def get_bucket(site):
    missing = refused(site.conn.get_bucket, site.name + "-missing")
    unasked = site.conn.get_bucket(site.name + "-missing", validate=False)
    return [site.bucket().name, missing, unasked.name, site.conn.lookup(site.name + "-missing"), site.name in site.conn]


@step
def list_buckets(site):
    buckets = site.conn.get_all_buckets()
    mine = [bucket for bucket in buckets if bucket.name == site.name]
    return [len(mine), mine[0].creation_date[-1], buckets.owner.display_name, site.name in [b.name for b in site.conn]]


@step
def whose(site):
    return site.conn.get_canonical_user_id() == site.conn.get_all_buckets().owner.id


# -- Keys --------------------------------------------------------------------------------------------------------------


@step
def store_data(site):
    key = Key(site.bucket())
    key.key = "this/whole/thing/is/a/key1"
    written = key.set_contents_from_string("This is my text")
    return [written, key.size, key.etag, key.md5.decode(), key.base64md5, repr(key), key.content_type]


@step
def get_data(site):
    key = site.key("this/whole/thing/is/a/key1")
    fp = io.BytesIO()
    given = key.get_contents_to_file(fp)
    text = key.get_contents_as_string(encoding="utf-8")
    return [
        fp.getvalue().decode(),
        given,
        text,
        type(key.get_contents_as_string()).__name__,
        key.size,
        key.content_type,
    ]


@step
def get_what_is_not_there(site):
    key = site.key("nowhere")
    return [
        refused(key.get_contents_as_string),
        refused(key.get_contents_to_file),
        key.exists(),
        site.bucket().get_key("nowhere"),
        refused(site.bucket().new_key, ""),
        refused(site.bucket().delete_key, ""),
    ]


@step
def text_and_names(site):
    names = ["\u00fc b+c~.txt", "a//b", "question?x=1&y#z%41.txt", "'quotes\"<>&.txt"]
    outcome = []
    for name in names:
        key = site.bucket().new_key(name)
        outcome.append([name, key.set_contents_from_string("h\u00e9"), key.get_contents_as_string().decode()])
    return [outcome, sorted(key.name for key in site.bucket())]


@step
def delete_key(site):
    key = site.key("gone")
    key.set_contents_from_string("x")
    key.delete()
    again = key.delete()
    return [key.exists(), again.name, again.delete_marker, again.version_id]


@step
def replace(site):
    key = site.key("kept")
    key.set_contents_from_string("first")
    outcome = key.set_contents_from_string("second", replace=False)
    return [
        outcome,
        key.get_contents_as_string().decode(),
        site.key("new").set_contents_from_string("x", replace=False),
    ]


@step
def files(site):
    path = os.path.join(site.folder, "some.csv")
    with open(path, "wb") as file:
        file.write(b"1,2,3\n" * 1000)
    key = site.key("files/some.csv")
    written = key.set_contents_from_filename(path)
    download = os.path.join(site.folder, "copy.csv")
    stored = site.bucket().get_key("files/some.csv")
    stored.get_contents_to_filename(download)
    with open(path, "rb") as one, open(download, "rb") as other:
        same = one.read() == other.read()
    unguessable = os.path.join(site.folder, "some.unknownkind")
    os.rename(download, unguessable)
    plain = site.key("files/plain")
    plain.set_contents_from_filename(unguessable)
    missing = os.path.join(site.folder, "missing")
    return [
        written,
        stored.content_type,
        stored.size,
        stored.last_modified[-3:],
        same,
        site.bucket().get_key("files/plain").content_type,
        refused(site.key("nowhere").get_contents_to_filename, missing),
        os.path.exists(missing),
    ]


@step
def download_with_open(site):
    key = site.key("files/some.csv")
    path = os.path.join(site.folder, "opened.csv")
    with open(path, "wb") as f:
        key.get_file(f)
    return os.path.getsize(path)


@step
def reading_on(site):
    key = site.key("files/some.csv")
    pieces = [key.read(6), key.read(4), len(key.read())]
    return [str(pieces), sum(len(piece) for piece in site.key("files/some.csv"))]


@step
def from_where_the_file_stands(site):
    fp = io.BytesIO(b"0123456789")
    fp.seek(4)
    key = site.key("files/piece")
    first = [key.set_contents_from_file(fp), key.get_contents_as_string().decode()]
    end = refused(key.set_contents_from_file, fp)
    rewound = [key.set_contents_from_file(fp, rewind=True), key.get_contents_as_string().decode()]
    fp.seek(2)
    sized = [key.set_contents_from_file(fp, size=3), key.get_contents_as_string().decode()]
    return [first, end, rewound, sized]


@step
def ranges(site):
    key = site.key("files/some.csv")
    return [
        key.get_contents_as_string(headers={"Range": "bytes=2-5"}).decode(),
        key.get_contents_as_string(headers={"Range": "bytes=5990-"}).decode(),
    ]


@step
def progress(site):
    seen = []
    key = site.key("files/progress")
    key.set_contents_from_string("x" * 300000, cb=lambda done, total: seen.append((done, total)), num_cb=10)
    received = []
    key.get_contents_as_string(cb=lambda done, total: received.append((done, total)), num_cb=10)
    ends = []
    for calls in (seen, received):
        rising = all(one[0] <= other[0] for one, other in zip(calls, calls[1:]))
        ends.append([calls[0], calls[-1], rising, len(calls) <= 12])
    return ends


@step
def announced_md5(site):
    key = site.key("files/summed")
    right = ("1cb251ec0d568de6a929b520c4aed8d1", "HLJR7A1WjeapKbUgxK7Y0Q==")
    wrong = ("0" * 32, "AAAAAAAAAAAAAAAAAAAAAA==")
    return [
        key.set_contents_from_string("text", md5=right),
        refused(site.key("files/wrong").set_contents_from_string, "text", md5=wrong)[:2],
        site.key("files/wrong").exists(),
    ]


# -- Metadata ----------------------------------------------------------------------------------------------------------


@step
def metadata(site):
    key = site.key("has_metadata.txt")
    key.set_metadata("meta1", "first value")
    key.set_metadata("meta2", "second v\u00e4lue")
    key.set_metadata("Content-Type", "text/x-notes")
    key.set_metadata("Cache-Control", "max-age=60")
    key.set_contents_from_string("x")
    stored = site.bucket().get_key("has_metadata.txt")
    return [
        stored.get_metadata("meta1"),
        stored.get_metadata("meta2"),
        stored.get_metadata("meta3"),
        stored.content_type,
        stored.cache_control,
        sorted(stored.metadata),
        key.get_metadata("meta1"),
    ]


@step
def headers(site):
    key = site.key("headers")
    given = {"Content-Type": "text/plain", "x-amz-meta-from": "header", "Content-Disposition": "inline", "Expires": "0"}
    key.set_contents_from_string("x", headers=given, policy="public-read")
    stored = site.bucket().get_key("headers")
    public = any(grant.uri for grant in stored.get_acl().acl.grants)
    return [stored.content_type, stored.get_metadata("from"), stored.content_disposition, stored.expires, public]


# -- Copies ------------------------------------------------------------------------------------------------------------


@step
def copy(site):
    key = site.key("has_metadata.txt")
    copied = key.copy(site.name, "this/is/a/newfile")
    stored = site.bucket().get_key("this/is/a/newfile")
    changed = key.copy(site.name, "changed", metadata={"other": "value", "Content-Type": "text/css"})
    other = site.bucket().get_key(changed.name)
    missing = site.key("nowhere")
    missing.storage_class = "STANDARD"
    return [
        copied.name,
        stored.get_metadata("meta1"),
        stored.content_type,
        [other.get_metadata("meta1"), other.get_metadata("other"), other.content_type],
        refused(missing.copy, site.name, "copy-of-nothing"),
    ]


@step
def copy_with_acl(site):
    bucket = site.bucket()
    bucket.set_acl("public-read", "headers")
    kept = bucket.copy_key("copied/kept", site.name, "headers", preserve_acl=True)
    dropped = bucket.copy_key("copied/dropped", site.name, "headers")
    return [len(bucket.get_acl(kept.name).acl.grants), len(bucket.get_acl(dropped.name).acl.grants)]


# -- Access ------------------------------------------------------------------------------------------------------------


def shown(policy):
    owner = policy.owner.id
    return sorted(
        [grant.permission, grant.type, "owner" if grant.id == owner else grant.id, grant.uri, grant.email_address]
        for grant in policy.acl.grants
    )


@step
def canned_on_keys(site):
    bucket = site.bucket()
    site.key("foobar").set_contents_from_string("public")
    outcome = []
    for name in ("public-read", "authenticated-read", "private", "public-read-write", "bucket-owner-read"):
        bucket.set_acl(name, "foobar")
        outcome.append([name, shown(bucket.get_acl("foobar"))])
    key = Key(bucket)
    key.key = "foobar"
    key.set_acl("public-read")
    outcome.append(shown(key.get_acl()))
    key.set_canned_acl("private")
    key.make_public()
    return [outcome, shown(key.get_acl()), refused(bucket.set_acl, "nonsense", "foobar")]


@step
def canned_on_buckets(site):
    bucket = site.bucket()
    outcome = []
    for name in ("public-read", "log-delivery-write", "private", "public-read"):
        outcome.append([name, refused(bucket.set_acl, name), shown(bucket.get_acl())])
    return outcome


@step
def access_control_policy(site):
    acp = site.bucket().get_acl()
    lines = sorted([grant.permission, grant.display_name, grant.type] for grant in acp.acl.grants)
    return [lines, repr(acp), acp.owner.display_name, len(site.bucket().list_grants())]


@step
def grants(site):
    bucket = site.bucket()
    key = site.key("foobar")
    key.set_acl("private")
    me = site.conn.get_canonical_user_id()
    key.add_user_grant("READ_ACP", me)
    policy = key.get_acl()
    policy.acl.add_user_grant("WRITE_ACP", me)
    key.set_acl(policy)
    outcome = [shown(key.get_acl())]
    bucket.set_acl("private")
    bucket.add_user_grant("WRITE", me)
    outcome.append(shown(bucket.get_acl()))
    outcome.append(refused(bucket.add_user_grant, "NONSENSE", me)[0])
    outcome.append(refused(key.add_email_grant, "READ", "nobody@nowhere.invalid"))
    bucket.set_acl("public-read")
    return outcome


@step
def policy_as_xml(site):
    bucket = site.bucket()
    policy = bucket.get_acl("foobar")
    bucket.set_xml_acl(policy.to_xml(), "foobar")
    text = bucket.get_xml_acl("foobar")
    text = text.decode() if isinstance(text, bytes) else text
    return [shown(bucket.get_acl("foobar")) == shown(policy), "AccessControlPolicy" in text]


@step
def nobody(site):
    site.bucket().set_acl("public-read", "foobar")
    conn = S3Connection(anon=True, **site.place)
    bucket = conn.get_bucket(site.name, validate=False)
    public, private = bucket.new_key("foobar"), bucket.new_key("kept")
    return [
        public.get_contents_as_string().decode(),
        refused(private.get_contents_as_string),
        refused(public.set_contents_from_string, "x"),
        "foobar" in [key.name for key in bucket],
        public.generate_url(60, query_auth=False).partition("?")[2],
    ]


# -- Listings ----------------------------------------------------------------------------------------------------------


@step
def listings(site):
    bucket = site.bucket()
    for number in range(12):
        bucket.new_key("list/%02d" % number).set_contents_from_string("x" * number)
    for name in ("list/a/1", "list/a/2", "list/b/1"):
        bucket.new_key(name).set_contents_from_string("x")
    lines = bucket.list("list/", "/")
    named = [[type(line).__name__, line.name] for line in lines]
    keys = list(bucket.list(prefix="list/0"))
    page = bucket.get_all_keys(prefix="list/", max_keys=5)
    rest = bucket.get_all_keys(prefix="list/", max_keys=5, marker=page[-1].name)
    groups = bucket.get_all_keys(prefix="list/", delimiter="/", marker="list/a/")
    return [
        sorted(named),
        sorted(named) == sorted([type(line).__name__, line.name] for line in lines),
        [[key.name, key.size, key.etag, key.last_modified[-1]] for key in keys],
        [len(page), page.is_truncated, [key.name for key in rest]],
        [line.name for line in groups],
        len(list(bucket.list("list/", marker="list/05"))),
        "list/01" in bucket,
        refused(bucket.get_all_keys, nonsense=1),
    ]


@step
def delete_keys(site):
    bucket = site.bucket()
    result = bucket.delete_keys(["list/00", "nowhere", bucket.new_key("list/01"), ("list/02", None)])
    left = [key.name for key in bucket.list("list/0")]
    return [sorted(one.key for one in result.deleted), result.errors, left]


# -- The bucket itself -------------------------------------------------------------------------------------------------


@step
def versions(site):
    return site.bucket().get_versioning_status()


@step
def tags(site):
    from boto.s3.tagging import Tags, TagSet

    bucket = site.bucket()
    before = refused(bucket.get_tags)
    tag_set, tags = TagSet(), Tags()
    tag_set.add_tag("project", "x - y")
    tags.add_tag_set(tag_set)
    bucket.set_tags(tags)
    stored = [[tag.key, tag.value] for tag in bucket.get_tags()[0]]
    bucket.delete_tags()
    return [before, stored, refused(bucket.get_tags)]


@step
def urls(site):
    key = site.key("foobar")
    return [
        key.generate_url(1700000000, expires_in_absolute=True),
        key.generate_url(1700000000, "PUT", expires_in_absolute=True, headers={"Content-Type": "text/plain"}),
        key.generate_url(60, query_auth=False),
        key.generate_url(1700000000, expires_in_absolute=True, response_headers={"response-content-type": "text/x y"}),
        site.conn.generate_url(1700000000, "GET", site.name, "a b+\u00e9", expires_in_absolute=True),
    ]


@step
def delete_bucket(site):
    bucket = site.bucket()
    full = refused(site.conn.delete_bucket, site.name)
    bucket.delete_keys(bucket.list())
    bucket.delete()
    return [full, site.conn.lookup(site.name), refused(site.conn.delete_bucket, site.name)]


def main():
    site = Site(json.load(sys.stdin))
    outcomes = {"": boto.__name__}
    for each in STEPS:
        try:
            outcomes[each.__name__] = each(site)
        except Exception as error:
            outcomes[each.__name__] = {"raised": "%s: %s" % (type(error).__name__, error)}
    print(json.dumps(outcomes, default=str))


if __name__ == "__main__":
    main()
