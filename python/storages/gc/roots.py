"""What is compared with what: places that share a root (a bucket, the file system), with all columns that name files
there, and what in it is none of the models' business."""

from dataclasses import dataclass, field

from django.core.management.base import CommandError

from storages.gc.sources import file_columns
from storages.journal.wrappers import all_wrappers, configured_storages
from storages.places import Place


@dataclass
class Root:
    name: str
    columns: list = field(default_factory=list)
    places: list = field(default_factory=list)  # that are listed: none is within another
    foreign: dict = field(default_factory=dict)  # prefix of others in there -> why it is left alone
    staging: list = field(default_factory=list)  # prefixes of staged files
    aliases: dict = field(default_factory=dict)  # alias -> its place

    def covers(self, key):
        return any(key.startswith(place.prefix) for place in self.places)

    def why_foreign(self, key):
        return next((why for prefix, why in self.foreign.items() if key.startswith(prefix)), "")

    def is_staged(self, key):
        return any(key.startswith(prefix) for prefix in self.staging)

    def __str__(self):
        return ", ".join(map(str, self.places))


def roots(only=()):
    """A Root for each place models keep files in; of those behind the aliases `only`, if there are any."""
    found = {}
    columns = list(file_columns())
    for column in columns:
        root = found.setdefault(column.place.root, Root(column.place.root))
        root.columns.append(column)
        _add_place(root, column.place)
    _share_rows(found)
    _keep_disks_apart(found)
    _look_at_settings(found)
    for wrapper in all_wrappers():
        root = found.get(wrapper.place.root)
        if root is not None:
            root.staging.append(f"{wrapper.place.prefix}{wrapper.folder}/")
    return _chosen(found, only)


def _add_place(root, place):
    if any(place.prefix.startswith(other.prefix) for other in root.places):
        return
    root.places = [other for other in root.places if not other.prefix.startswith(place.prefix)]
    root.places.append(place)


def _share_rows(found):
    """Buckets of one name may be one bucket under two addresses: what rows of either name is no orphan."""
    buckets = {}
    for root in found.values():
        if root.name.startswith("s3://"):
            buckets.setdefault(root.name.rpartition("/")[2], []).append(root)
    for same in buckets.values():
        columns = [column for root in same for column in root.columns]
        for root in same:
            own = set(map(id, root.columns))
            root.columns += [column._replace(is_elsewhere=True) for column in columns if id(column) not in own]


def _keep_disks_apart(found):
    """LocalStorage and Django's own class see the same files, under other keys."""
    disks = [root for root in found.values() if root.name.startswith("local://")]
    plain = found.get("file:")
    for root in disks if plain else ():
        directory = root.name.removeprefix("local://") + "/"
        for kept in (directory, f"{directory[:-1]}.uploads/"):
            plain.foreign[kept] = "a LocalStorage keeps its files there"
        for place in plain.places:
            if place.prefix.startswith(directory):
                root.foreign[place.prefix.removeprefix(directory)] = "a FileSystemStorage keeps its files there"


def _look_at_settings(found):
    """Aliases of the roots, and storages beside them that no FileField keeps files in: static files above all."""
    for alias, storage in configured_storages():
        place = Place(storage)
        root = found.get(place.root)
        if root is None:
            continue
        if any(str(column.place) == str(place) for column in root.columns):
            root.aliases[alias] = place
            if alias == "staticfiles":
                root.foreign[place.prefix] = "static files are kept in the same place"
        elif root.covers(place.prefix):
            root.foreign[place.prefix] = f"no FileField keeps files in the storage {alias}"


def _chosen(found, only):
    known = {alias for root in found.values() for alias in root.aliases}
    unknown = [alias for alias in only if alias not in known]
    if unknown:
        raise CommandError(f"no FileField keeps its files in a storage called {unknown[0]}")
    if not only:
        return list(found.values())
    chosen = [root for root in found.values() if root.aliases.keys() & set(only)]
    for root in chosen:
        root.places = []
        for alias in root.aliases.keys() & set(only):
            _add_place(root, root.aliases[alias])
    return chosen
