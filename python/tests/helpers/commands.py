"""Management commands."""

from __future__ import annotations

import io

from django.core.management import call_command


def output_of(command, *arguments, **options):
    out = io.StringIO()
    call_command(command, *arguments, stdout=out, **options)
    return out.getvalue()
