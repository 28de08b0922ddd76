"""The engine's errors in the words of Django settings."""

import re
from functools import wraps

from orlop import OrlopError

from storages.s3.options import SETTINGS

_OPTION = re.compile(r"\b(" + "|".join(SETTINGS) + r")\b")


def explained(method):
    """Of a method that does I/O: what fails names the Django settings to look at, in the same line."""

    @wraps(method)
    def call(*args, **kwargs):
        try:
            return method(*args, **kwargs)
        except OrlopError as error:
            explain(error)
            raise

    return call


def explain(error):
    text = str(error)
    # The engine's hint comes behind what a service said, which may use the same words by chance.
    hint = error.message.rpartition(";")[2] if error.service_code else error.message
    options = _OPTION.findall(hint)
    if not options and error.code == "unavailable" and not error.status:
        options = ["endpoint"]  # nobody answered
    settings = list(dict.fromkeys(SETTINGS[option] for option in options))
    if settings and settings[0] not in text:
        error.args = (f"{text} [{', '.join(settings)}]",)


def rephrase(error, text):
    """`text` in place of the engine's; the class and the attributes stay."""
    error.args = (text,)
    return error
