"""Keeps secrets off error pages, which show the locals of every frame an exception went through."""

from functools import wraps

from django.core.exceptions import ImproperlyConfigured
from orlop import OrlopError


def unseen(method):
    """Of a method whose arguments hold secrets: what is wrong with them is raised without the frames that saw them."""

    @wraps(method)
    def call(self, *args, **kwargs):
        try:
            return method(self, *args, **kwargs)
        except (ImproperlyConfigured, OrlopError) as error:
            del args, kwargs
            problem = error.with_traceback(None)
        raise problem

    return call


class HiddenText(str):
    """A text that works as any other, and does not show itself."""

    __slots__ = ()

    def __repr__(self):
        return "'********'"


class HiddenBytes(bytes):
    __slots__ = ()

    def __repr__(self):
        return "b'********'"


def hidden(key):
    if isinstance(key, str):
        return HiddenText(key)
    return HiddenBytes(key) if isinstance(key, (bytes, bytearray)) else key
