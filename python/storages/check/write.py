"""The STORAGES block a project has afterwards."""

import datetime
import json

from storages.check.findings import DANGEROUS, ERROR, SECRETS, has_password
from storages.check.project import options_now

_VARIABLES = {
    "access_key": "AWS_ACCESS_KEY_ID",
    "secret_key": "AWS_SECRET_ACCESS_KEY",
    "security_token": "AWS_SESSION_TOKEN",
    "cloudfront_key": "AWS_CLOUDFRONT_KEY",
    "SSECustomerKey": "AWS_SSE_CUSTOMER_KEY",
}
# Of calling formats, which are removed.
_IMPORTS = ("import boto", "import S3")
_PROXY = "AWS_S3_PROXY"
_ATOMS = (bytes, int, float, bool, type(None))
_INDENT = " " * 4


class _Variable(str):
    """The name of what is to be in the environment."""


def block_of(project, extra=()):
    """Python source for the end of the settings. Settings of today stay where they are, and so do secrets.

    `extra`: findings made elsewhere.
    """
    storages = {place.alias: _entry(place) for place in project.places if not place.is_inner}
    text = f"STORAGES = {_source(storages)}\n"
    if ": ...,\n" in text:
        text = "# What stands as ... is to stay as you have it.\n" + text
    if f'os.environ["{_PROXY}"]' in text:
        text = f"# {_PROXY} in the environment is the proxy with its password, as AWS_S3_PROXY_HOST has it.\n{text}"
    if "os.environ[" in text:
        text = f"import os\n\n{text}"
    gone = [name for name in ("DEFAULT_FILE_STORAGE", "STATICFILES_STORAGE") if name in project.values]
    imports = [finding for finding in extra if finding.setting in _IMPORTS]
    errors = [*errors_in(extra), *project.errors_left()]
    undecided = {finding.setting for finding in errors}
    gone += [name for name in project.settings.obsolete if name not in undecided]
    gone += [finding.setting for finding in [*project.settings.corrections, *imports]]
    if gone:
        text += f"# Remove: {', '.join(gone)}\n"
    if any(_is_implicitly_public(place) for place in project.places):
        text += '# Only if everybody may read all uploads: AWS_DEFAULT_ACL = "public-read"\n'
    text += "".join(f"# Error: {finding.setting}: {' '.join(finding.text.split())}\n" for finding in errors)
    return text


def errors_in(extra):
    return [finding for finding in extra if finding.kind is ERROR and finding.setting not in _IMPORTS]


def _entry(place):
    entry = {"BACKEND": place.today or place.backend}
    options = _options(place) if place.is_s3 else place.options
    if place.inner:
        options = {**options, "storage": _entry(place.inner)}
    return {**entry, "OPTIONS": options} if options else entry


def _options(place):
    options = options_now(place)
    if "proxies" in place.translation.moved:
        proxies = options["proxies"]
        options["proxies"] = {name: _Variable(_PROXY) if has_password(url) else url for name, url in proxies.items()}
    return options


def _is_implicitly_public(place):
    return any(finding.kind is DANGEROUS and finding.number == 11 for finding in place.findings)


def _source(value, name="", depth=0):
    """`value` as an expression, without the secrets in it."""
    if name in SECRETS:
        return f'os.environ["{_VARIABLES[name]}"]'
    if isinstance(value, _Variable):
        return f'os.environ["{value}"]'
    if isinstance(value, dict):
        inner = _INDENT * (depth + 1)
        lines = [f"{inner}{_source(key)}: {_source(item, key, depth + 1)},\n" for key, item in value.items()]
        return "{\n" + "".join(lines) + _INDENT * depth + "}" if lines else "{}"
    if isinstance(value, (list, tuple)):
        items = ", ".join(_source(item, depth=depth) for item in value)
        return f"[{items}]" if isinstance(value, list) else f"({items}{',' if len(value) == 1 else ''})"
    if isinstance(value, str) and not has_password(value):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, _ATOMS):
        return repr(value)
    if isinstance(value, datetime.datetime) and value.utcoffset() in (None, datetime.timedelta()):
        return json.dumps(value.strftime("%a, %d %b %Y %H:%M:%S GMT"))
    return "..."  # an object, or a text with a password in it
