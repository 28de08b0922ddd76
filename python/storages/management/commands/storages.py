"""manage.py storages check | policy | gc | repair"""

import json

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from storages.check.__main__ import add_arguments, run
from storages.checks import set_values
from storages.gc.command import Collection, add_gc_arguments, add_repair_arguments, repair


class Command(BaseCommand):
    help = (
        "Says what becomes of the S3 settings, asks the buckets, prints the IAM policy they need, and compares files "
        "with rows."
    )
    requires_system_checks = []  # it says itself what is wrong

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", required=True)
        add_arguments(verbs.add_parser("check", help="say what becomes of each S3 setting"))
        policy = verbs.add_parser("policy", help="print the least IAM policy the storages need")
        policy.add_argument("alias", nargs="*", help="of STORAGES; all that are S3's when none is named")
        add_gc_arguments(verbs.add_parser("gc", help="find files no row names, and rows whose file is missing"))
        add_repair_arguments(verbs.add_parser("repair", help="finish what transactions with files left undone"))

    def handle(self, *args, **options):
        if options["verb"] == "check":
            self.check_settings(options)
        elif options["verb"] == "policy":
            self.print_policy(options)
        else:
            self.see_to_files(options)

    def see_to_files(self, options):
        try:
            if options["verb"] == "gc":
                Collection(options, self.stdout, self.stderr).run()
            else:
                repair(options, self.stdout)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None

    def check_settings(self, options):
        from django.apps import apps

        from storages.check import migrations

        found = () if options["write"] else migrations.findings_of(apps.get_app_configs())
        if run(set_values(), options, self.stdout.write, extra=found):
            raise CommandError("see above", returncode=1)

    def print_policy(self, options):
        from storages.check.policy import policy_for
        from storages.check.project import Project, storage_of

        places = Project(set_values()).s3_places()
        unknown = [alias for alias in options["alias"] if alias not in places]
        if unknown or not places:
            raise CommandError(f"no S3 storage is called {unknown[0]}" if unknown else "no storage here is S3's")
        chosen = list(dict.fromkeys(places[alias] for alias in options["alias"] or places))
        try:
            storages = [storage_of(place) for place in chosen]
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        nameless = [place.alias for place, storage in zip(chosen, storages) if not storage.bucket_name]
        if nameless:
            raise CommandError(f"{nameless[0]}: set AWS_STORAGE_BUCKET_NAME, or the option bucket_name")
        self.stdout.write(json.dumps(policy_for(storages), indent=2))
