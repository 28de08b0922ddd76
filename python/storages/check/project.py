"""A project's storages, of whichever era, and what is to be said of each."""

import warnings

import django
from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from storages.backends.s3 import S3Storage
from storages.check import eras
from storages.check.findings import DANGEROUS, DIFFERENT, ERROR, TRANSLATED, Finding
from storages.check.translate import Translation

_S3 = "storages.backends.s3"

#: Paths of S3 classes: path -> (era, today's path).
BACKENDS = {
    **{
        f"{module}.{name}": (era, f"{_S3}.{name.replace('Boto3', '')}")
        for module, era in ((_S3, "today"), ("storages.backends.s3boto3", "boto3"))
        for name in ("S3Storage", "S3Boto3Storage", "S3StaticStorage", "S3ManifestStaticStorage")
    },
    "storages.backends.s3boto.S3BotoStorage": ("boto", f"{_S3}.S3Storage"),
    "storages.backends.s3.PreloadingS3Storage": ("oldest", f"{_S3}.S3Storage"),
}


class Place:
    """One storage of a project."""

    def __init__(self, alias, backend, options, era, today):
        self.alias = alias
        self.backend = backend
        self.options = options  # as the project has them
        self.attributes = {}  # options that are attributes of a class of the project
        self.era = era  # "": none of S3's
        self.today = today  # the class to name now; None where the project's own is in charge
        self.translation = None  # of its options and of all settings that reach it
        self.findings = []
        self.inner = None  # the place whose storage this one stands in front of, where it is given within
        self.is_inner = False
        self.stands_before = None  # the alias of the storage this one stands in front of, where it is named

    @property
    def is_s3(self):
        return bool(self.era)

    def label(self, option):
        return f"{self.alias}: {option}"


class Project:
    """What `values` (setting -> value, those that were set) say about storages.

    `findings` are about settings all storages share; those of one storage are its place's.
    """

    def __init__(self, values):
        self.values = values
        self.findings = []
        self._mended = []  # those of them that STORAGES puts right
        self.places = list(self._places())
        self.settings = Translation(self._s3_settings(), self._era())
        if any(place.is_s3 for place in self.places):
            self.findings += self.settings.findings
        for place in self.places:
            if place.is_s3:
                self._look_at(place)

    def errors_left(self):
        """Those that what is written does not mend."""
        mended = [*self._mended, *self.settings.corrections]
        mended += [finding for place in self.places if place.is_s3 for finding in place.translation.corrections]
        found = dict.fromkeys(self.all_findings())
        return [finding for finding in found if finding.kind is ERROR and finding not in mended]

    def s3_places(self):
        """By alias, with those that S3 is behind."""
        places = {place.alias: place for place in self.places if place.is_s3}
        behind = {place.alias: places[place.stands_before] for place in self.places if place.stands_before in places}
        return {**places, **behind}

    def all_findings(self):
        return [*self.findings, *(finding for place in self.places for finding in place.findings)]

    # -- Which storages there are ------------------------------------------------------------------------------------

    def _storages(self):
        storages = dict(self.values.get("STORAGES") or {})
        for alias, setting in (("default", "DEFAULT_FILE_STORAGE"), ("staticfiles", "STATICFILES_STORAGE")):
            backend = self.values.get(setting)
            if not backend:
                continue
            if django.VERSION >= (5, 1):
                text = f"Django 5.1 and later do not read it; write STORAGES[{alias!r}]"
                kind = ERROR if alias not in storages else TRANSLATED
                self.findings.append(Finding(kind, setting, text, 20 if kind is ERROR else 1))
                self._mended.append(self.findings[-1])
            elif alias not in storages:
                text = f'STORAGES["{alias}"]["BACKEND"], from Django 4.2 on'
                self.findings.append(Finding(TRANSLATED, setting, text, 1))
            storages.setdefault(alias, {"BACKEND": backend})
        return storages

    def _places(self):
        for alias, spec in self._storages().items():
            place = self._place(alias, spec)
            while place:
                yield place
                place = place.inner

    def _place(self, alias, spec):
        backend, options = spec.get("BACKEND", ""), dict(spec.get("OPTIONS") or {})
        era, today = self._identify(backend)
        place = Place(alias, backend, options, era, today)
        if era is None:
            place.era = ""
            self._explain_foreign(place)
        elif today is None:
            self._unwrap(place)
        return place

    def _identify(self, backend):
        """(era, today's path) of a dotted path; an era of None: not S3's, a path of None: a class of the project."""
        if not isinstance(backend, str):
            return None, None
        if backend in BACKENDS:
            era, today = BACKENDS[backend]
            return ("oldest" if era == "today" and self._is_oldest() else era), today
        if backend.endswith("S3Storage.S3Storage"):  # a copy of the oldest class, as its manual proposed
            return "oldest", f"{_S3}.S3Storage"
        if backend.startswith(("django.", "storages.backends.")):
            return None, None
        return "today", None

    def _is_oldest(self):
        """Two unrelated classes had the path of today's: the other one had settings of its own."""
        if "AWS_HEADERS" in self.values and "STORAGES" not in self.values:
            return True
        return not eras.OLDEST_ONLY.isdisjoint(self.values)

    def _explain_foreign(self, place):
        if str(place.backend).startswith("storages.backends.") and not _can_import(place.backend):
            text = f"this package has no {place.backend}; stay with django-storages for it, or ask for it"
            place.findings.append(Finding(ERROR, place.label("BACKEND"), text, 29))

    def _unwrap(self, place):
        """A class or function of the project's own: what it makes tells what it is."""
        try:
            made = import_string(place.backend)
            kind = made
            if not isinstance(made, type):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    storage = made(**place.options)
                kind = type(storage)
                if issubclass(kind, S3Storage):
                    self._take_apart(place, storage)
        except Exception as error:  # whatever the project's code does
            place.era = ""
            text = f"cannot be used: {type(error).__name__}: {error}"
            place.findings.append(Finding(ERROR, place.label("BACKEND"), text, 30))
            return
        within = place.options.get("storage")
        if hasattr(kind, "wraps_storage") and isinstance(within, dict):
            place.inner = self._place(place.alias, within)
            place.inner.is_inner = True
        elif hasattr(kind, "wraps_storage"):
            place.stands_before = within
        if getattr(kind, "storages_check_era", ""):  # derived from a class of that era
            place.era = kind.storages_check_era
        elif not issubclass(kind, S3Storage):
            place.era = ""
        names = {*eras.ATTRIBUTES, *filter(None, eras.CURRENT.values())}
        place.attributes = {
            name: getattr(kind, name) for name in sorted(names) if hasattr(kind, name) and not hasattr(S3Storage, name)
        }

    @staticmethod
    def _take_apart(place, storage):
        path, _, arguments = storage.deconstruct()
        if path in BACKENDS:
            place.era, place.today = BACKENDS[path]
            place.options = {**place.options, **arguments}

    # -- What is said about them -------------------------------------------------------------------------------------

    def _era(self):
        eras_used = {place.era for place in self.places}
        return next((era for era in ("oldest", "boto", "boto3") if era in eras_used), "today")

    def _s3_settings(self):
        names = eras.CURRENT.keys() | eras.DROPPED
        return {name: value for name, value in self.values.items() if name in names or name.startswith("AWS_")}

    def _look_at(self, place):
        place.findings += self._options(place)
        place.findings += _implicit_acl(place, place.translation.options, self.settings.obsolete)
        place.findings += _differences(place, place.translation.options)
        if place.backend in BACKENDS and place.backend != place.today and place.era != "boto3":
            place.findings.insert(0, Finding(TRANSLATED, place.label("BACKEND"), place.today, 1))
        mended = place.translation.corrections
        found = [*self.settings.findings, *place.findings]
        if not any(finding.kind is ERROR and finding not in mended for finding in found):
            place.findings += _errors_of_construction(place)

    def _options(self, place):
        given, labels, findings = {}, {}, []
        options_of = {option: setting for setting, option in reversed(list(eras.CURRENT.items())) if option}
        for option, value in {**place.attributes, **place.options}.items():
            setting = options_of.get(option) or eras.ATTRIBUTES.get(option)
            if setting is None:
                continue  # whoever constructs it says what is wrong with it
            given[setting], labels[setting] = value, place.label(option)
            if option in ("acl", "bucket"):
                text = f"{eras.CURRENT[setting]}, since 1.10"
                findings.append(Finding(TRANSLATED, place.label(option), text, 1))
        place.translation = self._translation(given, place, lambda setting: labels.get(setting, setting))
        own = set(labels.values())
        return findings + [finding for finding in place.translation.findings if finding.setting in own]

    def _translation(self, given, place, label):
        own = {eras.CURRENT.get(setting) for setting in given} - {None}
        shared = {name: value for name, value in self._s3_settings().items() if eras.CURRENT.get(name) not in own}
        era = "oldest" if place.era == "today" and self._era() == "oldest" else place.era  # the class is the same
        return Translation({**shared, **given}, era, label)


def _can_import(path):
    try:
        import_string(path)
    except Exception:
        return False
    return True


def _implicit_acl(place, options, obsolete):
    """Until 1.9 what nobody had set was public-read."""
    from_before = not eras.BOTO3_DROPPED.isdisjoint(obsolete)
    if "default_acl" in options or (place.era == "today" and not from_before):
        return []
    certain = place.era in ("boto", "oldest") or from_before
    return [
        Finding(
            DANGEROUS if certain else DIFFERENT, place.label("default_acl"), eras.IMPLICIT_ACL, 11 if certain else 31
        )
    ]


def _differences(place, options):
    def differs(name, number, text):
        return Finding(DIFFERENT, place.label(name), text, number)

    signs = options.get("querystring_auth", "Static" not in str(place.today)) and not options.get("custom_domain")
    if place.era == "oldest":
        if "file_overwrite" not in options:
            text = "True is the default: a file of the same name is replaced, which never happened before; write False"
            yield Finding(DANGEROUS, place.label("file_overwrite"), text, 16)
        if "querystring_auth" not in options:
            yield differs("querystring_auth", 33, "True is the default: URLs are signed; before they were bare")
        if not place.translation.value_of("AWS_S3_SECURE_URLS") and not options.get("custom_domain"):
            yield differs("url_protocol", 43, "URLs begin with https:, before with http:")
        if "querystring_expire" not in options:
            yield differs("querystring_expire", 33, "3600 is the default, before it was 60 seconds")
    if signs and options.get("signature_version") is None and _signed_with_version_2(place, options):
        yield differs("signature_version", 34, "URLs are signed with SigV4, before with SigV2; 's3' brings that back")
    if place.era in ("boto", "oldest"):
        text = "takes parameters={'ResponseContentType': x} for response_headers={'response-content-type': x}"
        yield differs("url", 35, text)
        yield differs("exceptions", 36, "what fails is an orlop.OrlopError and the builtin exception, no boto error")
    elif place.era == "boto3":
        yield differs(
            "exceptions", 36, "what fails is an orlop.OrlopError, and a ClientError only where botocore is imported"
        )


def _signed_with_version_2(place, options):
    """Whether that was the default for URLs."""
    region = str(options.get("region_name") or "")
    if place.era not in ("boto", "oldest"):  # boto3, whatever the endpoint
        return (region or "us-east-1") in eras.VERSION_2_REGIONS
    host = eras.host_of(options.get("endpoint_url")) or str(place.translation.value_of("AWS_S3_HOST") or "")
    chosen = place.translation.value_of("S3_USE_SIGV4")
    return not chosen and not eras.boto_signs_version_4(region, host)


def _errors_of_construction(place):
    """What the storage itself refuses, with the options it would have now."""
    try:
        storage = storage_of(place)
        if not storage.bucket_name:
            text = "there is none: set AWS_STORAGE_BUCKET_NAME, or this option"
            return [Finding(ERROR, place.label("bucket_name"), text, 41)]
        _ = storage._store  # the engine has its say on the rest; nothing is sent
    except ImproperlyConfigured as error:
        return [Finding(ERROR, place.label("OPTIONS"), str(error), 30)]
    except Exception as error:  # of a class of the project
        return [Finding(ERROR, place.label("OPTIONS"), f"{type(error).__name__}: {error}", 30)]
    return []


def storage_of(place):
    """The storage of a place as it is from now on."""
    kind, options = import_string(place.today or place.backend), options_now(place)
    if isinstance(kind, type) and issubclass(kind, HashedFilesMixin):  # would read its manifest when it is made
        kind = next(
            base for base in kind.__mro__ if not issubclass(base, HashedFilesMixin) and issubclass(base, S3Storage)
        )
        options.pop("manifest_storage", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(kind, type):
            inherited = {name: value for name, value in place.translation.options.items() if not hasattr(kind, name)}
            options = {**inherited, **options}
        storage = kind(**options)
    storage._auto_create_bucket = False  # nothing is made by looking at it
    return storage


def options_now(place):
    kept = {name: value for name, value in place.options.items() if name not in eras.ATTRIBUTES}
    renamed = {
        eras.CURRENT[eras.ATTRIBUTES[name]]: value
        for name, value in place.options.items()
        if eras.ATTRIBUTES.get(name) in eras.CURRENT
    }
    return {**kept, **renamed, **place.translation.moved, **place.translation.corrected}
