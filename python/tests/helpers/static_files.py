"""Static files and where they are found."""

from __future__ import annotations


def write_files(folder, files):
    """Writes {name: text}."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def found_in(folder):
    """Settings of a site whose static files are those of `folder`."""
    finder = "django.contrib.staticfiles.finders.FileSystemFinder"
    return {"STATICFILES_DIRS": [str(folder)], "STATICFILES_FINDERS": [finder]}
