"""Where options come from: sections 1.1 and 3 of the behaviour django-storages has."""

import os
from unittest import mock

from parity.harness import outcome, scenario

# option: (Django settings in the order they are looked up, a value, another)
OPTIONS = {
    "access_key": (("AWS_S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"), "one", "two"),
    "secret_key": (("AWS_S3_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"), "one", "two"),
    "security_token": (("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"), "one", "two"),
    "session_profile": (("AWS_S3_SESSION_PROFILE",), "one", "two"),
    "file_overwrite": (("AWS_S3_FILE_OVERWRITE",), False, True),
    "object_parameters": (("AWS_S3_OBJECT_PARAMETERS",), {"CacheControl": "a"}, {"CacheControl": "b"}),
    "bucket_name": (("AWS_STORAGE_BUCKET_NAME",), "one", "two"),
    "querystring_auth": (("AWS_QUERYSTRING_AUTH",), False, True),
    "querystring_expire": (("AWS_QUERYSTRING_EXPIRE",), 60, 61),
    "signature_version": (("AWS_S3_SIGNATURE_VERSION",), "s3", "s3v4"),
    "location": (("AWS_LOCATION",), "one", "two"),
    "custom_domain": (("AWS_S3_CUSTOM_DOMAIN",), "one.example.com", "two.example.com"),
    "addressing_style": (("AWS_S3_ADDRESSING_STYLE",), "path", "virtual"),
    "file_name_charset": (("AWS_S3_FILE_NAME_CHARSET",), "latin-1", "ascii"),
    "gzip": (("AWS_IS_GZIPPED",), True, False),
    "gzip_content_types": (("GZIP_CONTENT_TYPES",), ("text/plain",), ["text/html"]),
    "url_protocol": (("AWS_S3_URL_PROTOCOL",), "http:", "ftp:"),
    "endpoint_url": (("AWS_S3_ENDPOINT_URL",), "http://127.0.0.1:1", "http://127.0.0.1:2"),
    "proxies": (("AWS_S3_PROXIES",), {"http": "proxy:1"}, {"http": "proxy:2"}),
    "region_name": (("AWS_S3_REGION_NAME",), "eu-west-1", "eu-west-2"),
    "use_ssl": (("AWS_S3_USE_SSL",), False, True),
    "verify": (("AWS_S3_VERIFY",), False, "/etc/ssl/certs/ca-certificates.crt"),
    "max_memory_size": (("AWS_S3_MAX_MEMORY_SIZE",), 1, 2),
    "default_acl": (("AWS_DEFAULT_ACL",), "private", "public-read"),
    "use_threads": (("AWS_S3_USE_THREADS",), True, True),
}
OBJECTS = ("transfer_config", "client_config")


# Half a pair is refused here, so the option stands beside its other half.
HALVES = {"access_key": {"secret_key": "other"}, "secret_key": {"access_key": "other"}}


def value_of(site, option, kind=None, **options):
    made = type("S3Storage", (kind or site.kind(),), HALVES.get(option, {}))
    return outcome(lambda: getattr(made(**options), option))


@scenario(each=["access_key", "secret_key"], differs="malformed options fail when a storage is made")
def half_a_pair_of_keys(site, option):
    return outcome(lambda: getattr(site.kind()(**{option: "half"}), option))


@scenario
def defaults(site):
    storage = site.kind()()
    return {option: getattr(storage, option) for option in OPTIONS} | {
        "cloudfront_key_id": storage.cloudfront_key_id,
        "cloudfront_key": storage.cloudfront_key,
        "cloudfront_signer": storage.cloudfront_signer,
        "default_content_type": storage.default_content_type,
        "config": storage.config,
    }


@scenario
def the_options_there_are(site):
    there_are = site.kind()().get_default_settings()
    return [name for name in [*OPTIONS, "cloudfront_key_id", "cloudfront_key", *OBJECTS] if name in there_are]


@scenario(each={option: option for option in OPTIONS})
def sources(site, option):
    settings, one, two = OPTIONS[option]
    seen = {"option": value_of(site, option, **{option: one})}
    seen["attribute"] = value_of(site, option, site.kind(**{option: one}))
    seen["option over attribute"] = value_of(site, option, site.kind(**{option: two}), **{option: one})
    for setting in settings:
        with site.settings(**{setting: one}):
            seen[setting] = value_of(site, option)
            seen[f"attribute over {setting}"] = value_of(site, option, site.kind(**{option: two}))
            seen[f"option over {setting}"] = value_of(site, option, **{option: two})
    with site.settings(**{**dict.fromkeys(settings, two), settings[0]: one}):
        seen["all settings"] = value_of(site, option)
    return seen


def with_twins(values):
    """Of settings or variables: those of the other half of a pair beside them, as half a pair is refused here."""
    twins = {name.replace("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"): value for name, value in values.items()}
    twins |= {name.replace("SECRET_ACCESS_KEY", "ACCESS_KEY_ID"): value for name, value in values.items()}
    return {**twins, **values}


@scenario(each=["access_key", "secret_key", "security_token", "session_profile"])
def environment(site, option):
    settings, one, two = OPTIONS[option]
    seen = {}

    def value_of(site, option):
        return outcome(lambda: getattr(site.kind()(), option))

    for name in settings:
        with mock.patch.dict(os.environ, with_twins({name: one})):
            seen[f"env {name}"] = value_of(site, option)
            for setting in settings:
                for value in (two, None, ""):
                    with site.settings(**with_twins({setting: value})):
                        seen[f"env {name}, {setting}={value!r}"] = value_of(site, option)
            with mock.patch.dict(os.environ, with_twins(dict.fromkeys(settings, ""))):
                seen[f"{name} empty"] = value_of(site, option)
    with mock.patch.dict(os.environ, with_twins(dict(zip(settings, (one, two))))):
        seen["both"] = value_of(site, option)
    with mock.patch.dict(os.environ, with_twins({settings[0]: "", settings[-1]: two})):
        seen["first is empty"] = value_of(site, option)
    return seen


@scenario(each={"None": None, "empty": "", "False": False, "0": 0})
def falsy_attributes_beat_settings(site, value):
    kind = site.kind(custom_domain=value, default_acl=value)
    with site.settings(AWS_S3_CUSTOM_DOMAIN="cdn.example.com", AWS_DEFAULT_ACL="private"):
        return value_of(site, "custom_domain", kind), value_of(site, "default_acl", kind)


@scenario
def empty_options_beat_attributes(site):
    return value_of(site, "location", site.kind(location="x"), location=""), value_of(
        site, "custom_domain", site.kind(custom_domain="x"), custom_domain=None
    )


@scenario(each=["AWS_LOCATION", "config", "default_content_type", "acl", "bucket", "secure_urls", "foo", "Location"])
def unknown_options(site, name):
    return outcome(site.kind(), **{name: "x"})


@scenario
def unknown_options_of_a_subclass(site):
    class Archive(site.kind()):
        pass

    return outcome(Archive, nothing=1)


@scenario
def more_options_in_a_subclass(site):
    class Archive(site.kind()):
        shelf = "attribute"

        def get_default_settings(self):
            return {**super().get_default_settings(), "shelf": "default", "box": "default", "location": "archive"}

    with site.settings(AWS_LOCATION="setting"):
        bare, given = Archive(), Archive(shelf="option", box="option", location="option")
    return [(one.shelf, one.box, one.location) for one in (bare, given)]


@scenario(each=["/", "/a", "//a/", "/a/b"])
def location_with_a_leading_slash(site, location):
    with site.settings(AWS_LOCATION=location):
        by_setting = outcome(site.kind())
    return by_setting, outcome(site.kind(), location=location), outcome(site.kind("S3StaticStorage", location=location))


@scenario(
    each={
        "keys": {"access_key": "a", "secret_key": "b"},
        "key": {"access_key": "a"},
        "secret": {"secret_key": "b"},
        "token": {"security_token": "t"},
        "empty": {"access_key": "", "secret_key": ""},
    }
)
def profile_and_keys(site, keys):
    return outcome(lambda: site.kind()(session_profile="p", **keys).session_profile)


@scenario
def profile_and_keys_of_the_environment(site):
    with mock.patch.dict(os.environ, {"AWS_ACCESS_KEY_ID": "a"}):
        return outcome(site.kind(), session_profile="p")


@scenario(
    each={
        "id": {"cloudfront_key_id": "i"},
        "key": {"cloudfront_key": "k"},
        "id and empty key": {"cloudfront_key_id": "i", "cloudfront_key": ""},
        "id, signer None": {"cloudfront_key_id": "i", "cloudfront_signer": None},
        "signer only": {"cloudfront_signer": None},
    }
)
def half_a_cloudfront_pair(site, options):
    return outcome(lambda: site.kind()(**options).cloudfront_signer)


@scenario
def signer_as_attribute_is_no_option(site):
    return outcome(site.kind(cloudfront_signer=None), cloudfront_signer=None)


@scenario
def signer_none_as_attribute_switches_off(site):
    with site.settings(AWS_CLOUDFRONT_KEY_ID="i"):
        return outcome(lambda: site.kind(cloudfront_signer=None)().cloudfront_signer)


@scenario
def use_threads_false(site):
    with site.settings(AWS_S3_USE_THREADS=False):
        by_setting = outcome(lambda: site.kind()().transfer_config.use_threads)
    return by_setting, outcome(lambda: site.kind()(use_threads=False).transfer_config.use_threads)


@scenario
def transfer_config_replaces_use_threads(site):
    from boto3.s3.transfer import TransferConfig

    given = TransferConfig(multipart_threshold=6 << 20, max_concurrency=3)
    storage = site.storage(transfer_config=given, use_threads=True)
    with site.settings(AWS_S3_TRANSFER_CONFIG=given):
        by_setting = site.storage()
    return storage.transfer_config is given, by_setting.transfer_config is given


@scenario
def default_transfer_config(site):
    config = site.kind()().transfer_config
    names = (
        "multipart_threshold max_concurrency multipart_chunksize num_download_attempts max_io_queue io_chunksize "
        "use_threads max_bandwidth".split()
    )
    return {name: getattr(config, name) for name in names}


@scenario
def default_client_config(site):
    storage = site.kind()(addressing_style="path", signature_version="s3v4", proxies={"http": "p:1"})
    config = storage.client_config
    return config.s3, config.signature_version, config.proxies


@scenario
def client_config_replaces_three_options(site):
    from botocore.config import Config

    given = Config(s3={"addressing_style": "path"}, signature_version="s3v4")
    options = {"addressing_style": "virtual", "signature_version": "s3", "region_name": "eu-central-1"}
    with site.settings(AWS_S3_CLIENT_CONFIG=given):
        by_setting = site.url(**options)
    return by_setting, site.url(client_config=given, **options)


@scenario
def config_attribute(site):
    from botocore.config import Config

    path = Config(s3={"addressing_style": "path"}, signature_version="s3v4")
    virtual = Config(s3={"addressing_style": "virtual"}, signature_version="s3v4")
    kind = site.kind(config=path)
    return (
        outcome(lambda: kind().client_config is path),
        outcome(lambda: kind(client_config=virtual).client_config is path),
        outcome(lambda: site.url(kind=kind, region_name="eu-central-1", client_config=virtual)),
    )


@scenario
def settings_are_read_when_a_storage_is_made(site):
    with site.settings(AWS_LOCATION="first"):
        first = site.kind()()
    with site.settings(AWS_LOCATION="second"):
        return first.location, site.kind()().location, site.kind()().get_default_settings()["location"]


@scenario
def mutable_defaults(site):
    given = {"CacheControl": "x"}
    one, two = site.kind()(), site.kind()()
    one.object_parameters["ContentLanguage"] = "de"
    with site.settings(AWS_S3_OBJECT_PARAMETERS=given):
        shared = site.kind()().object_parameters is given
    return two.object_parameters, shared


@scenario
def no_bucket_is_no_error_of_construction(site):
    return outcome(lambda: site.kind()().bucket_name)


@scenario
def storages_setting(site):
    from django.core.files.storage import storages

    place = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"location": "here", "gzip": True}}
    bare = {"BACKEND": "storages.backends.s3boto3.S3Boto3Storage"}
    with site.settings(STORAGES={"default": place, "staticfiles": bare}, AWS_LOCATION="there"):
        default, static = storages["default"], storages["staticfiles"]
        return default.location, default.gzip, static.location, type(static).__name__, storages["default"] is default


@scenario(each=["s3", "s3boto3"])
def import_names(site, module):
    import importlib

    names = "S3Storage S3File S3StaticStorage S3ManifestStaticStorage S3Boto3Storage S3Boto3StorageFile".split()
    found = importlib.import_module(f"storages.backends.{module}")
    return [name for name in names if hasattr(found, name)]


@scenario
def helpers_there_are(site):
    import storages.base
    import storages.compress
    import storages.utils

    names = {
        storages.base: ["BaseStorage"],
        storages.compress: ["GzipCompressionWrapper", "CompressStorageMixin", "CompressedFileMixin"],
        storages.utils: "to_bytes setting clean_name safe_join check_location lookup_env get_available_overwrite_name "
        "is_seekable ReadBytesWrapper".split(),
    }
    return [name for module, wanted in names.items() for name in wanted if hasattr(module, name)]


@scenario
def version_of_the_package(site):
    import storages

    return storages.__version__
