"""`manage.py check` says of S3 settings what `manage.py storages check` does: with storages in INSTALLED_APPS."""

import re
import warnings

from django.core import checks

from storages.check.findings import DANGEROUS, DIFFERENT, ERROR, TRANSLATED, WITHOUT_EFFECT

_LEVELS = {
    ERROR: (checks.Error, "E"),
    DANGEROUS: (checks.Warning, "W"),
    TRANSLATED: (checks.Warning, "W"),
    WITHOUT_EFFECT: (checks.Warning, "W"),
    DIFFERENT: (checks.Info, "I"),
}

# Said on purpose by many a site (public-read), of no use to be told every day, or set only where the site runs (the
# bucket).
_BEFORE_DEPLOYMENT = {2, 5, 12, 41}


_NAMES = re.compile(
    r"AWS_|CRYPTO_KEYS_|GZIP_CONTENT_TYPES$|S3_USE_SIGV4$|STORAGES$|(DEFAULT_FILE|STATICFILES)_STORAGE$"
)


def set_values():
    """Those settings about storages that somebody has set."""
    from django.conf import settings

    names = [name for name in dir(settings) if _NAMES.match(name) and settings.is_overridden(name)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Django has its own about old names
        return {name: getattr(settings, name) for name in names}


@checks.register("storages")
def check_settings(app_configs, **kwargs):
    return [_message(finding) for finding in _findings() if not _is_for_deployment(finding)]


@checks.register("storages")
def check_journal(app_configs, **kwargs):
    from django.apps import apps

    if apps.is_installed("storages.journal"):
        return []
    text = "TransactionalStorage keeps a journal"
    hint = 'Add "storages.journal" to INSTALLED_APPS, and migrate.'
    return [
        checks.Error(f"STORAGES[{alias!r}]: {text}", hint=hint, id="storages.E090")
        for alias, spec in (set_values().get("STORAGES") or {}).items()
        if spec.get("BACKEND") == "storages.transactional.TransactionalStorage"
    ]


@checks.register("storages", deploy=True)
def check_deployment(app_configs, **kwargs):
    from django.apps import apps

    from storages.check import migrations

    found = [finding for finding in _findings() if _is_for_deployment(finding)]
    found += migrations.findings_of(apps.get_app_configs() if app_configs is None else app_configs)
    return list(map(_message, found))


def _findings():
    from storages.check.project import Project

    findings = Project(set_values()).all_findings()
    return [finding for finding in dict.fromkeys(findings) if finding.kind in _LEVELS]


def _is_for_deployment(finding):
    return finding.kind == DIFFERENT or finding.number in _BEFORE_DEPLOYMENT


def _message(finding):
    level, letter = _LEVELS[finding.kind]
    return level(f"{finding.setting}: {finding.text}", id=f"storages.{letter}{finding.number:03}")
