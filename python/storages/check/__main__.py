"""python -m storages.check [SETTINGS]"""

import argparse
import os
import sys

DESCRIPTION = """Reads a project's settings and says of each S3 setting what becomes of it. SETTINGS is a module or a
file; without it, DJANGO_SETTINGS_MODULE. Nothing is sent anywhere without --probe."""


def add_arguments(parser):
    parser.add_argument("--write", action="store_true", help="print the STORAGES block these settings become")
    parser.add_argument(
        "--probe", action="store_true", help="ask the buckets; writes, reads and removes one small object"
    )
    parser.add_argument("--origin", default="", help="with --probe: the site whose pages are to be allowed by CORS")


def run(values, options, say, extra=()):
    """The exit status: 1 when something keeps the site from working. `extra`: findings made elsewhere."""
    from storages.check import report
    from storages.check.findings import ERROR
    from storages.check.project import Project
    from storages.check.write import block_of, errors_in

    project = Project(values)
    extra = list(extra)
    if options["write"]:
        say(block_of(project, extra).rstrip("\n"))
        return int(bool(errors_in(extra) or project.errors_left()))
    for line in report.lines_of(project, extra):
        say(line)
    failed = any(finding.kind is ERROR for finding in [*extra, *project.all_findings()])
    if options["probe"]:
        failed |= _probe(project, options["origin"], say)
    return int(failed)


def _probe(project, origin, say):
    from storages.check.probe import BAD, probe_place

    failed = False
    for place in project.places:
        if not place.is_s3:
            continue
        say("")
        say(f"{place.alias}:")
        for answer in probe_place(place, origin):
            failed |= answer.state is BAD
            say(f"  {answer}")
    return failed


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m storages.check", description=DESCRIPTION)
    parser.add_argument("settings", nargs="?", default=os.environ.get("DJANGO_SETTINGS_MODULE"))
    add_arguments(parser)
    options = parser.parse_args(arguments)
    if not options.settings:
        parser.error("name the settings: python -m storages.check mysite.settings")

    from storages.check.legacy import findings_of, read_settings, stand_ins

    sys.path[:0] = [os.getcwd(), os.path.dirname(os.path.abspath(options.settings))]
    with stand_ins() as imports:
        try:
            values = read_settings(options.settings)
        except Exception as error:  # whatever the project's code does
            parser.exit(2, f"{options.settings} cannot be read: {type(error).__name__}: {error}\n")
        _configure(values)
        from storages.check.migrations import findings_in

        extra = [*findings_in(values.get("INSTALLED_APPS", ())), *findings_of(imports)]
        return run(values, vars(options), print, extra)


def _configure(values):
    """Makes these Django's settings, for the project's classes that read them."""
    from django.conf import settings

    if "STORAGES" in values:  # some releases of Django refuse it beside what it stands for
        values_for_django = {name: value for name, value in values.items() if not name.endswith("FILE_STORAGE")}
        values_for_django.pop("STATICFILES_STORAGE", None)
    else:
        values_for_django = values
    if not settings.configured:
        settings.configure(**values_for_django)


if __name__ == "__main__":
    sys.exit(main())
