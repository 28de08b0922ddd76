"""Findings as text."""

from storages.check.findings import DANGEROUS, DIFFERENT, ERROR, RECOGNISED, TRANSLATED, WITHOUT_EFFECT

_ORDER = (ERROR, DANGEROUS, TRANSLATED, WITHOUT_EFFECT, DIFFERENT, RECOGNISED)


def lines_of(project, extra=()):
    findings = [*extra, *project.all_findings()]
    for place in project.places:
        if not place.is_inner:
            yield f"{place.alias}: {_described(place)}"
    yield ""
    width = max((len(finding.setting) for finding in findings), default=0)
    for kind in _ORDER:
        for finding in dict.fromkeys(findings):
            if finding.kind == kind:
                yield f"{kind:15} {finding.setting:{width}}  {finding.text}".rstrip()
    counts = ", ".join(f"{_count(findings, kind)} {kind}" for kind in _ORDER if _count(findings, kind))
    yield ""
    yield counts or "nothing here is about S3"


def _described(place):
    if place.inner:
        return f"{place.backend}, with its files in {_described(place.inner)}"
    arrow = f" -> {place.today}" if place.today and place.today != place.backend else ""
    return f"{place.backend}{arrow}" if place.is_s3 else f"{place.backend} (not S3)"


def _count(findings, kind):
    return sum(finding.kind == kind for finding in dict.fromkeys(findings))
