"""Where the values of a storage's options come from."""

from django.core.exceptions import ImproperlyConfigured
from django.core.files import File
from django.core.files.storage import Storage
from django.core.files.utils import validate_file_name

#: save() as Django has it: what save_as_django() stands for.
DJANGO_SAVE = Storage.save


def twinned(method):
    """Of a method that does what its twin for event loops does: see storages/aio.py."""
    method._is_twinned = True
    return method


def save_as_django(storage, name, content, max_length):
    """DJANGO_SAVE, step by step, which takes every name apart three times, also those that are plain."""
    if name is None:
        name = content.name
    if not hasattr(content, "chunks"):
        content = File(content, name)
    _check_name(name)
    name = storage.get_available_name(name, max_length=max_length)
    _check_name(name)
    name = storage._save(name, content)
    _check_name(name)
    return name


def _check_name(name):
    """SuspiciousFileOperation, or another error, where Django has one."""
    plain = type(name) is str and name and ".." not in name and "\\" not in name
    if not plain or name[0] == "/" or name[-1] == "/" or name == "." or name.endswith("/."):
        validate_file_name(name, allow_relative_path=True)


class BaseStorage(Storage):
    """An option is, in this order: a constructor argument, a class attribute, a Django setting, a default.

    Subclasses add options by extending the dict of get_default_settings().
    """

    def __init__(self, **settings):
        valid = self._resolve_settings()
        for name, value in settings.items():
            if name not in valid:
                raise ImproperlyConfigured(
                    f"Invalid setting '{name}' for {type(self).__name__}"
                    f"{self._explain_option(name) or _suggestion(name, valid)}"
                )
            setattr(self, name, value)
            self._looked_up.pop(name, None)

    def get_default_settings(self):
        """Option -> Django setting, or default. Looked up whenever a storage is made."""
        return {}

    def _explain_option(self, name):
        """Of an option there is none of, what is to be said beside that, with "; " before it."""
        return ""

    def _resolve_settings(self):
        valid = self.get_default_settings()
        self._looked_up = {name: value for name, value in valid.items() if not hasattr(self, name)}
        self.__dict__.update(self._looked_up)
        return valid

    # A pickle holds what the constructor was given. What came from settings or the environment, secrets among it, is
    # looked up again by whoever unpickles.
    def __getstate__(self):
        looked_up = self._looked_up
        state = {name: value for name, value in self.__dict__.items() if looked_up.get(name, self) is not value}
        del state["_looked_up"]
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._resolve_settings()


def _suggestion(name, valid):
    import difflib

    # Django's spelling of a setting is a frequent slip: AWS_LOCATION for location.
    candidates = [name.lower(), name.lower().partition("_")[2], name.lower().partition("_s3_")[2]]
    for candidate in filter(None, candidates):
        near = difflib.get_close_matches(candidate, valid, 1, 0.75)
        if near:
            return f"; did you mean '{near[0]}'?"
    return ""
