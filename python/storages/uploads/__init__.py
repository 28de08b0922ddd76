"""Direct uploads: a browser sends a file to the store itself, on a ticket the site has signed.

A ticket says what may be uploaded. Beginning an upload turns it into a receipt, which says what is being uploaded, and
verify_and_attach() turns a receipt into the file of a model's instance.
"""

_HOME = {
    "DirectUploadField": "forms",
    "DirectUploadFormMixin": "forms",
    "DirectUploadInput": "forms",
    "Receipt": "tickets",
    "Ticket": "tickets",
    "UploadRefused": "tickets",
    "verify_and_attach": "verify",
    "verify_upload": "verify",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value
