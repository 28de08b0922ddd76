"""Settings of any era as options of today's class, with a finding for each."""

import difflib
import re

from storages.check import eras
from storages.check.findings import (
    DANGEROUS,
    DIFFERENT,
    ERROR,
    RECOGNISED,
    TRANSLATED,
    WITHOUT_EFFECT,
    Finding,
    shown,
)
from storages.s3.parameters import UPLOAD
from storages.s3.validation import CANNED_ACLS

# AWS_SES_REGION_NAME is django-ses', however near it is to one of ours.
_OTHER_SERVICE = re.compile(r"AWS_(?!S3_|IS_)[A-Z0-9]{2,3}_")

_WEEK = 7 * 24 * 3600


def _is_port(text):
    return text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65536


class Translation:
    """What `given` (setting -> value) says today: `options`, of which `moved` had other names; and the findings.

    `label` spells a setting as the project does, for one that was given as an option of a storage.
    """

    def __init__(self, given, era, label=lambda setting: setting):
        self._given = given
        self._era = era
        self._label = label
        self.options = {}
        self.moved = {}
        self.successors = {}  # setting -> option that says it now
        self._before = {}  # object parameters in older words, under which today's come
        self.obsolete = []  # settings that can be removed
        self.findings = []
        self.corrected = {}  # options today's class would refuse -> what was meant
        self.corrections = []  # the findings about these
        for setting in given:
            self._look_at(setting)

    def _look_at(self, setting):
        if setting in eras.CURRENT:
            self._current(setting)
        elif setting in eras.DROPPED:
            self.obsolete.append(setting)
            if self._was_read(setting):
                self._examine(getattr(self, "_" + setting.lower()), setting)
            else:
                whose = "the oldest class" if setting in eras.OLDEST_ONLY else "the class on boto"
                self._drop(setting, f"only {whose} read it; remove it")
        else:
            self._unknown(setting)

    def _was_read(self, setting):
        if setting in eras.OLDEST_ONLY:
            return self._era == "oldest"
        return setting in eras.BOTO3_DROPPED or self._era in ("boto", "oldest")

    def _find(self, kind, setting, number, text):
        self.findings.append(Finding(kind, self._label(setting), text, number))

    def _drop(self, setting, text):
        self._find(WITHOUT_EFFECT, setting, 3, text)

    def _move(self, setting, option, value, note=""):
        """An older word for an option, which counts where nobody has set today's."""
        todays = self._todays(option)
        if option == "object_parameters":
            self._move_parameters(setting, value, todays)
        elif todays:
            self._drop(setting, f"{self._label(todays)} is set, and wins; remove it")
        else:
            self._write(setting, option, value, note)

    def _todays(self, option):
        return next((name for name in self._given if eras.CURRENT.get(name) == option), None)

    def _move_parameters(self, setting, parameters, todays):
        own = self._given[todays] if todays and isinstance(self._given[todays], dict) else {}
        hidden = [name for name in parameters if name in own]
        parameters = {name: value for name, value in parameters.items() if name not in own}
        if hidden:
            self._drop(setting, f"{', '.join(hidden)}: {self._label(todays)} has it, and wins; remove it")
        if parameters:
            self._before.update(parameters)
            self._find(TRANSLATED, setting, 1, f"object_parameters = {shown(parameters)}")
            self.successors.setdefault(setting, "object_parameters")
            self.moved["object_parameters"] = self.options["object_parameters"] = {**self._before, **own}

    def _write(self, setting, option, value, note=""):
        self._find(TRANSLATED, setting, 1, f"{option} = {shown(value)}{note}")
        self.successors.setdefault(setting, option)
        self.moved[option] = self.options[option] = value

    def value_of(self, setting):
        return self._given.get(setting)

    def _correct(self, option, value):
        """Of an error that was just found."""
        self.corrections.append(self.findings[-1])
        self.corrected[option] = value

    def _move_if(self, value, setting, option, moved, otherwise="is empty"):
        if value:
            self._move(setting, option, moved)
        else:
            self._drop(setting, f"{otherwise}; remove it")

    # -- Today's settings --------------------------------------------------------------------------------------------

    def _current(self, setting):
        value, option = self._given[setting], eras.CURRENT[setting]
        if option:
            self.options.setdefault(option, value)
        if setting in eras.IDLE:
            self._find(WITHOUT_EFFECT, setting, 2, eras.IDLE[setting])
        else:
            self._find(RECOGNISED, setting, 0, option or "the size from which a file being written is sent on")
        inspect = getattr(self, f"_inspect_{option}", None)
        if inspect:
            self._examine(inspect, setting)

    def _examine(self, inspect, setting):
        value = self._given[setting]
        try:
            inspect(setting, value)
        except (TypeError, AttributeError, ValueError):
            self._find(ERROR, setting, 30, f"a {type(value).__name__} is nothing this setting can be")

    def _inspect_default_acl(self, setting, value):
        if value in ("public-read", "public-read-write"):
            writes = " and overwrite" if value == "public-read-write" else ""
            self._find(DANGEROUS, setting, 12, f"everybody may read{writes} what is uploaded; None keeps it private")
        elif value and value not in CANNED_ACLS:
            self._find(ERROR, setting, 21, f"{shown(value)} is no canned ACL; these are: {', '.join(CANNED_ACLS)}")

    def _inspect_verify(self, setting, value):
        if value is False:
            text = "anybody on the way can read and change what is sent; name the file of the certificates to trust"
            self._find(DANGEROUS, setting, 13, text)

    def _inspect_use_ssl(self, setting, value):
        if value is False and not self._given.get("AWS_S3_ENDPOINT_URL"):
            self._find(DANGEROUS, setting, 14, "files travel unencrypted; remove it")

    def _inspect_endpoint_url(self, setting, value):
        if not value:
            return
        scheme, host = str(value).partition("://")[0], eras.host_of(value)
        if scheme not in ("http", "https") or not host:
            self._find(ERROR, setting, 22, f"{shown(value)} is no URL: write scheme://host[:port]")
        elif scheme == "http" and host != "localhost" and not host.startswith("127.") and "." in host:
            self._find(DANGEROUS, setting, 14, "files travel unencrypted; write https:// if the service can")

    def _inspect_location(self, setting, value):
        if str(value or "").startswith("/"):
            fixed = str(value).lstrip("/")
            self._find(ERROR, setting, 23, f"begins with a slash, which is refused since 1.7; write {fixed!r}")
            self._correct("location", fixed)

    def _inspect_custom_domain(self, setting, value):
        if value and ("://" in value or value.endswith("/")):
            fixed = (value.partition("://")[2] or value).rstrip("/")
            self._find(ERROR, setting, 24, f"is a host, without scheme and slash at the end; write {shown(fixed)}")
            self._correct("custom_domain", fixed)

    def _inspect_querystring_expire(self, setting, value):
        signer = self._given.get("AWS_CLOUDFRONT_KEY_ID")
        if isinstance(value, int) and value > _WEEK and not signer:
            text = f"S3 refuses URLs that are valid for longer than {_WEEK} seconds (seven days)"
            self._find(ERROR, setting, 25, text)

    def _inspect_object_parameters(self, setting, value):
        unknown = sorted(set(value or ()) - UPLOAD)
        if unknown:
            guess = difflib.get_close_matches(unknown[0].replace("-", ""), UPLOAD, 1, 0.6)
            hint = f"; did you mean {guess[0]}?" if guess else f"; these are: {', '.join(sorted(UPLOAD))}"
            self._find(ERROR, setting, 26, f"{unknown[0]!r} is no parameter of an upload{hint}")

    def _inspect_signature_version(self, setting, value):
        if value == "s3":
            text = "URLs are signed with SigV2, which regions opened since 2014 and many services refuse"
            self._find(DIFFERENT, setting, 34, text)

    def _inspect_url_protocol(self, setting, value):
        forced = self._given.get("AWS_S3_SECURE_URLS", self._era == "boto")
        if value == "http:" and forced:
            self._write(setting, "url_protocol", "https:", ", which AWS_S3_SECURE_URLS made of it, unless it was False")

    def _inspect_use_threads(self, setting, value):
        if value is False:
            text = "deprecated since 1.14: transfer_config = TransferConfig(use_threads=False)"
            self._find(TRANSLATED, setting, 1, text)

    # -- Settings that were dropped ----------------------------------------------------------------------------------

    def _aws_auto_create_bucket(self, setting, value):
        if value:
            bucket = self._given.get("AWS_STORAGE_BUCKET_NAME") or "BUCKET"
            self._drop(setting, f"make the bucket yourself, once: orlop mb s3://{bucket}")
        else:
            self._drop(setting, "buckets are never made; remove it")

    def _aws_bucket_acl(self, setting, value):
        self._drop(setting, "was for buckets made by AWS_AUTO_CREATE_BUCKET; remove it")

    def _aws_preload_metadata(self, setting, value):
        self._drop(setting, "every question is asked when it is put; remove it")

    def _aws_reduced_redundancy(self, setting, value):
        moved = {"StorageClass": "REDUCED_REDUNDANCY"}
        self._move_if(value, setting, "object_parameters", moved, "this is the default")

    def _aws_s3_encryption(self, setting, value):
        moved = {"ServerSideEncryption": "AES256"}
        self._move_if(value, setting, "object_parameters", moved, "the bucket's default is in force")

    def _aws_s3_secure_urls(self, setting, value):
        # https: was the oldest class's choice only when told so; today it is everybody's.
        if value or self._era == "oldest":
            self._drop(setting, "https: is the default; remove it")
        else:
            protocol = self._given.get("AWS_S3_URL_PROTOCOL", "http:")  # "" as an option: URLs begin with //
            self._write(setting, "url_protocol", protocol, ", of URLs with a custom domain")
            if self._era == "boto":
                self._tell_scheme(setting, "http:")

    def _tell_scheme(self, setting, before):
        """Of URLs without a custom domain, which have the scheme of requests today."""
        endpoint = str(self._given.get("AWS_S3_ENDPOINT_URL") or "")
        now = endpoint.partition("://")[0] if endpoint else self._scheme()
        if not self._given.get("AWS_S3_CUSTOM_DOMAIN") and f"{now}:" != before:
            self._find(DIFFERENT, setting, 43, f"URLs begin with {now}:, before with {before}")

    def _aws_headers(self, setting, value):
        if value and not isinstance(value, dict):
            self._find(ERROR, setting, 27, f"expected a dict of headers, not {type(value).__name__}")
            return
        parameters, unknown, wrong = eras.parameters_of_headers(value or {})
        kind = parameters.pop("ContentType", None)
        if parameters:
            self._move(setting, "object_parameters", parameters)
        if kind is not None:
            text = f"Content-Type: files get the type of their name; only those written through open() had {kind!r}"
            self._find(DIFFERENT, setting, 42, text)
        for name in unknown:
            self._drop(setting, f"{name}: S3 keeps no such header; remove it")
        for name, objection in wrong:
            self._find(ERROR, setting, 27, f"{name!r} {objection}")
        if not value:
            self._drop(setting, "is empty; remove it")

    def _aws_origin(self, setting, value):
        region = eras.region_of_location(value)
        if eras.region_of_host(self._given.get("AWS_S3_HOST") or ""):
            self._drop(setting, "AWS_S3_HOST tells the region; remove it")
        elif region:
            self._move(setting, "region_name", region)
        else:
            self._drop(setting, "this is the default region; remove it")

    def _aws_s3_calling_format(self, setting, value):
        if not value:
            self._drop(setting, "is empty; remove it")
            return
        name = eras.name_of_calling_format(value)
        if name not in eras.CALLING_FORMATS:
            known = ", ".join(map(str, eras.CALLING_FORMATS))
            self._find(ERROR, setting, 38, f"{name} is no calling format; these are: {known}")
            return
        if name == "ProtocolIndependentOrdinaryCallingFormat":
            self._tell_scheme(setting, "//")
        if self._todays("addressing_style"):
            self._move(setting, "addressing_style", None)
            return
        style, is_host = eras.addressing_of(value)
        bucket = self._given.get("AWS_STORAGE_BUCKET_NAME") or ""
        if style == "virtual" and "." in bucket:
            # The certificate is for *.s3.amazonaws.com, and a wildcard stands for one label (RFC 6125, 6.4.3).
            self._drop(setting, "bucket names with dots are no host names with https:; remove it")
        elif style:
            self._move(setting, "addressing_style", style)
        else:
            self._drop(setting, "buckets are host names where they can be; remove it")
        if is_host and "AWS_S3_CUSTOM_DOMAIN" not in self._given:
            self._keep_host(setting, bucket)

    def _keep_host(self, setting, bucket):
        """Of URLs whose host was the bucket's name."""
        if self._given.get("AWS_QUERYSTRING_AUTH", self._era != "oldest"):
            text = f"signed URLs name a host of Amazon's; before it was {bucket}"
            self._find(DIFFERENT, setting, 37, text)
        else:
            self._move(setting, "custom_domain", bucket, ", so that URLs stay as they were")

    _aws_calling_format = _aws_s3_calling_format

    def _aws_s3_host(self, setting, value):
        region = eras.region_of_host(value or "") if isinstance(value, (str, type(None))) else None
        if not isinstance(value, (str, type(None))) or set(value or "") & set("/@?#\\ \t\r\n"):
            self._find(ERROR, setting, 22, f"{shown(value)} is no host")
        elif value and (region is None or self._own_port()):
            self._move_to_endpoint(setting, value)
            if region:
                self._move(setting, "region_name", region)
        elif region:
            self._move(setting, "region_name", region)
        else:
            self._drop(setting, "this is the default; remove it")

    def _move_to_endpoint(self, setting, host):
        port = self._own_port()
        self._move(setting, "endpoint_url", f"{self._scheme()}://{host}" + (f":{port}" if port else ""))
        if self._has_subdomains() and "endpoint_url" in self.moved:
            self._move(setting, "addressing_style", "virtual", ", so that the bucket's name stays part of the host")

    def _scheme(self):
        return "https" if self._given.get("AWS_S3_USE_SSL", True) else "http"

    def _own_port(self):
        """AWS_S3_PORT where it is none that goes without saying; None where it is no port at all."""
        port = str(self._given.get("AWS_S3_PORT") or "")
        return port if _is_port(port) and int(port) != (443 if self._scheme() == "https" else 80) else None

    def _has_subdomains(self):
        """Whether buckets are names below the service's host, as was the default of boto's class."""
        style = self._given.get("AWS_S3_CALLING_FORMAT")
        return not style or eras.name_of_calling_format(style) == "SubdomainCallingFormat"

    def _aws_s3_port(self, setting, value):
        if value and not _is_port(str(value)):
            self._find(ERROR, setting, 22, f"{shown(value)} is no port")
        elif not self._own_port():
            self._drop(setting, "this is the default; remove it")
        elif self._given.get("AWS_S3_HOST"):
            self._drop(setting, "is part of endpoint_url; remove it")
        else:
            self._move_to_endpoint(setting, "s3.amazonaws.com")

    def _aws_s3_proxy_host(self, setting, value):
        port = self._given.get("AWS_S3_PROXY_PORT")
        proxy = f"{value}:{port}" if port else str(value or "")
        self._move_if(value, setting, "proxies", {"http": proxy, "https": proxy})

    def _aws_s3_proxy_port(self, setting, value):
        self._drop(setting, "is part of proxies; remove it")

    def _s3_use_sigv4(self, setting, value):
        if value is not False:
            self._drop(setting, "SigV4 is what requests and URLs are signed with; remove it")
            return
        host = self._given.get("AWS_S3_HOST")
        region = self._given.get("AWS_S3_REGION_NAME") or eras.region_of_location(self._given.get("AWS_ORIGIN"))
        if eras.refuses_version_2(region, host):
            where = host or region
            self._find(ERROR, setting, 39, f"is False, which asks for SigV2, but {where} knows SigV4 only; remove it")
        else:
            self._move(setting, "signature_version", "s3", ", of URLs")

    def _aws_querystring_active(self, setting, value):
        self._move(setting, "querystring_auth", bool(value))

    def _aws_bucket_prefix(self, setting, value):
        self._move_if(value, setting, "location", str(value).lstrip("/"))

    def _crypto_keys(self, setting, value):
        self._find(ERROR, setting, 28, eras.CLIENT_ENCRYPTION)

    _crypto_keys_public = _crypto_keys_private = _crypto_keys

    # -- What nobody ever read ---------------------------------------------------------------------------------------

    def _unknown(self, setting):
        if _OTHER_SERVICE.match(setting):
            return
        known = [*eras.CURRENT, *eras.DROPPED]
        near = eras.MISTAKEN.get(setting) or next(iter(difflib.get_close_matches(setting, known, 1, 0.85)), None)
        if near:
            self._find(WITHOUT_EFFECT, setting, 4, f"there is no such setting; did you mean {near}?")
        elif setting.startswith(("AWS_S3_", "AWS_STORAGE_")):
            self._find(WITHOUT_EFFECT, setting, 5, "no storage reads it")
