"""Where names of files stand in the databases: the FileFields of all models, by the place they are for."""

from typing import NamedTuple

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, SuspiciousOperation
from django.core.management.base import CommandError
from django.db import OperationalError, ProgrammingError, connections, models, router, transaction

from storages.places import Place

_ROWS_AT_ONCE = 5000


class Column(NamedTuple):
    """A column of a table that holds names of files in a place."""

    model: type
    field: models.Field
    using: str
    place: Place
    is_elsewhere: bool = False  # its files are looked for under another address, and may be these

    def __str__(self):
        return f"{self.model._meta.label}.{self.field.name}"

    @property
    def folder(self):
        """Of upload_to, what stands before a date or a function decides."""
        target = getattr(self.field, "upload_to", "")
        return "" if callable(target) else str(target).partition("%")[0]

    @property
    def default(self):
        default = getattr(self.field, "default", models.NOT_PROVIDED)
        return default if isinstance(default, str) else ""

    def still_named(self, names):
        """Those of `names` that rows have now."""
        limit = connections[self.using].features.max_query_params or max(1, len(names))
        found = set()
        for start in range(0, len(names), limit):
            some = names[start : start + limit]
            rows = _rows(self.model, self.using).filter(**{f"{self.field.attname}__in": some})
            found.update(rows.values_list(self.field.attname, flat=True))
        return found


def file_columns():
    """A Column for each FileField and each database that has its table. A model's inherited fields are its parent's."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or model._meta.swapped:
            continue
        fields = [field for field in model._meta.local_concrete_fields if isinstance(field, models.FileField)]
        for field in fields:
            place = Place(field.storage)
            yield from (Column(model, field, using, place) for using in _databases_of(model))


def named_column(text, places):
    """Columns of a field that is no FileField and yet names files: "app.Model.field"."""
    label, _, name = text.rpartition(".")
    try:
        model = apps.get_model(label)
        field = model._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist) as error:
        raise CommandError(f"--also {text}: write app.Model.field ({error})") from None
    return [Column(model, field, using, place) for using in _databases_of(model) for place in places]


def _databases_of(model):
    return [using for using in connections if router.allow_migrate_model(using, model) and _has_table(model, using)]


def _has_table(model, using):
    """Asked by a query: tables of other schemas stand in no list."""
    try:
        with transaction.atomic(using=using):
            _rows(model, using).values_list("pk").first()
    except (OperationalError, ProgrammingError):
        if model._meta.db_table in connections[using].introspection.table_names():
            raise
        return False
    return True


def _rows(model, using):
    # Neither a manager that hides rows, nor the default order, nor deferred loading of whole rows.
    return models.QuerySet(model, using=using).order_by()


class Rows:
    """The names in some columns of one place's root."""

    def __init__(self, columns):
        self.columns = list(columns)
        self.count = 0

    def __iter__(self):
        """(key, number of the column, primary key) of each name, table after table."""
        tables = {}
        for number, column in enumerate(self.columns):
            tables.setdefault((column.model, column.using), []).append(number)
        for (model, using), numbers in tables.items():
            yield from self._of_table(model, using, numbers)

    def _of_table(self, model, using, numbers):
        fields = [self.columns[number].field.attname for number in numbers]
        keys = [self.columns[number].place.key_of for number in numbers]
        for pk, *names in _pages(_rows(model, using), fields):
            for number, key_of, name in zip(numbers, keys, names):
                if name:
                    self.count += 1
                    try:
                        yield key_of(str(name)), number, str(pk)
                    except SuspiciousOperation:
                        continue  # it names nothing that is in the place


def _pages(rows, fields):
    """(pk, values...) of all rows, a page after the other: no database keeps or sends more than that at a time."""
    rows = rows.order_by("pk").values_list("pk", *fields)
    last = None
    while True:
        page = list((rows if last is None else rows.filter(pk__gt=last))[:_ROWS_AT_ONCE])
        yield from page
        if len(page) < _ROWS_AT_ONCE:
            return
        last = page[-1][0]
