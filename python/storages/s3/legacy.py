"""Settings of earlier releases, for sites that still have them. What they mean is said in storages.check, once."""

import warnings

from django.core.exceptions import ImproperlyConfigured
from orlop import NotFound, native
from orlop.ledger import current

from storages.check import eras
from storages.check.findings import ERROR
from storages.check.translate import Translation
from storages.s3.options import ClientConfig
from storages.s3.validation import SETTING_OF, checked_bucket_acl
from storages.utils import settings_reader

_UNSET = object()
_warned = set()

_OPTION_OF = {setting: option for option, setting in eras.ATTRIBUTES.items()}


def warn_once(name, text):
    """In this process, whatever the number of storages."""
    if name in _warned:
        return
    _warned.add(name)
    warnings.warn(f"{name}: {text}", DeprecationWarning, stacklevel=2)


def translate(given, era, context=None):
    """What settings of an era (setting -> value) are today; ImproperlyConfigured for the first that cannot be.

    `context`: settings of today that have a say in it.
    """
    label = {
        setting: f"{setting}/{_OPTION_OF[setting]}" for setting in given if setting in _OPTION_OF and era == "boto"
    }
    translation = Translation({**(context or {}), **given}, era, lambda setting: label.get(setting, setting))
    findings = [finding for finding in translation.findings if finding.setting.partition("/")[0] in given]
    for finding in findings:
        if finding.kind is ERROR:
            raise ImproperlyConfigured(f"{finding.setting}: {finding.text}")
    successors = translation.successors
    for finding in findings:
        setting = finding.setting.partition("/")[0]
        instead = f"use {SETTING_OF[successors[setting]]}: " if setting in successors else ""
        warn_once(setting, f"is deprecated; {instead}{finding.text}")
    return translation.moved


def adopt(storage, moved):
    """Makes options of what `moved` says, where nobody has set them in today's words."""
    moved = dict(moved)
    storage._old_parameters = moved.pop("object_parameters", None)
    for option, value in moved.items():
        if is_default(storage, option):
            storage._derive(option, value)


def is_default(storage, option):
    """Whether neither the constructor, nor the class, nor a setting of today says what this option is."""
    if option not in storage._looked_up or getattr(storage, option) is not storage._looked_up[option]:
        return False
    setting = settings_reader()
    return all(setting(name, _UNSET) is _UNSET for name, of in eras.CURRENT.items() if of == option)


def dropped_settings():
    """Those of older releases that are set."""
    setting = settings_reader()
    values = ((name, setting(name, _UNSET)) for name in sorted(eras.DROPPED))
    return {name: value for name, value in values if value is not _UNSET}


def adopt_dropped_settings(storage, era=""):
    """For today's class: what it once obeyed, and what the class before it under the same name did."""
    given = dropped_settings()
    if not given:
        return
    era = era or ("boto3" if eras.OLDEST_ONLY.isdisjoint(given) else "oldest")
    names = eras.BOTO3_DROPPED if era == "boto3" else eras.BOTO3_DROPPED | eras.OLDEST_ONLY | {"AWS_HEADERS"}
    given = {name: value for name, value in given.items() if name in names}
    context = {
        "AWS_STORAGE_BUCKET_NAME": storage.bucket_name or "",
        "AWS_S3_URL_PROTOCOL": settings_reader()("AWS_S3_URL_PROTOCOL", "http:"),
        **({"AWS_S3_CUSTOM_DOMAIN": storage.custom_domain} if storage.custom_domain else {}),
    }
    adopt(storage, translate(given, era, context))
    storage._auto_create_bucket = bool(given.get("AWS_AUTO_CREATE_BUCKET")) and era == "boto3"
    storage._bucket_acl = checked_bucket_acl(given.get("AWS_BUCKET_ACL")) if storage._auto_create_bucket else None
    if era == "oldest" and is_default(storage, "default_acl"):
        warn_once("AWS_DEFAULT_ACL", eras.IMPLICIT_ACL)


def make_missing_bucket(storage, store, options):
    """AWS_AUTO_CREATE_BUCKET: asks for the bucket, and makes it where there is none."""
    try:
        store.list("", "", "", "", 1, current())
    except NotFound:
        native.create_container(f"s3://{storage.bucket_name}", options)


def client_config(storage, style):
    return ClientConfig(
        s3={"addressing_style": style}, signature_version=storage.signature_version, proxies=storage.proxies
    )
