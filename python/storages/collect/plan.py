"""What a run of collectstatic changes: the difference between what shall be in the bucket and what is."""

import json
from dataclasses import dataclass, field

from storages.collect.overlay import Planned
from storages.collect.releases import FOLDER

# Objects whose ETag is no MD5 of their content: key -> [MD5, ETag]. Multipart uploads and objects encrypted with
# managed keys have such ETags:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
ETAGS = f"{FOLDER}etags.json"


@dataclass
class Plan:
    """By key, in the order of sending."""

    add: dict = field(default_factory=dict)
    update: dict = field(default_factory=dict)
    unchanged: dict = field(default_factory=dict)
    delete: list = field(default_factory=list)
    manifest: object = None  # a Planned, when another one is in place
    etags: dict = field(default_factory=dict)

    @property
    def upload(self):
        return {**self.add, **self.update}

    @property
    def size(self):
        return sum(planned.size for planned in self.upload.values())


def difference(desired, bucket, everything=False):
    """The Plan that makes of `bucket` what is `desired`, {key: Planned}; sends `everything` or only what differs."""
    plan = Plan(etags=_read_etags(bucket))
    for key, planned in desired.items():
        stored = bucket.objects.get(key)
        if stored is None:
            plan.add[key] = planned
        elif everything or not is_same(planned, stored, plan.etags.get(bucket.name_of(key))):
            plan.update[key] = planned
        else:
            plan.unchanged[key] = planned
    return plan


def is_same(planned, stored, known=None):
    """Whether an object is as planned. `known`: the MD5 and the ETag it was stored with."""
    if stored.size != planned.size:
        return False
    return stored.etag == planned.md5 or known == [planned.md5, stored.etag]


def save_etags(bucket, plan, sent):
    """Keeps the ETags that are no MD5, those of what was `sent` ({key: (planned, etag)}) among them."""
    etags = {name: pair for name, pair in plan.etags.items() if bucket.prefix + name in plan.unchanged}
    for key, (planned, etag) in sent.items():
        if etag != planned.md5:
            etags[bucket.name_of(key)] = [planned.md5, etag]
    if etags != plan.etags:
        body = json.dumps(etags, separators=(",", ":")).encode()
        attrs = {"content_type": "application/json"}
        bucket.put_many({bucket.prefix + ETAGS: Planned(body, len(body), "", attrs)})


def _read_etags(bucket):
    key = bucket.prefix + ETAGS
    if key not in bucket.objects:
        return {}
    try:
        etags = json.loads(bucket.read(key)[0])
    except ValueError:
        return {}  # everything it told of is sent again
    return etags if isinstance(etags, dict) else {}
