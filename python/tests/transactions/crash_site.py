"""A site whose processes are killed: python crash_site.py '{"options", "database", "seed"}' ROUNDS PROCESSES ANSWERS

Each round says "work", is answered, and kills processes that save and delete files in transactions; says "check", is
answered, and prints what is wrong after `manage.py storages gc`, as JSON. ANSWERS is a file of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

from helpers import django_site

told = json.loads(sys.argv[1])
options, seed = told["options"], told["seed"]
rounds, processes, answers = int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
django_site.set_up(SECRET_KEY="of a test")

from django.core.exceptions import ObjectDoesNotExist  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import DatabaseError, connection, connections, models, transaction  # noqa: E402
from helpers import transactions  # noqa: E402
from helpers.transactions import Undone  # noqa: E402
from storages.backends.s3 import S3Storage  # noqa: E402
from storages.management.commands.storages import Command  # noqa: E402
from storages.transactional import TransactionalStorage  # noqa: E402

connections.databases["default"].update(told["database"])
del connections["default"]

unique = TransactionalStorage(S3Storage(**options, location="unique", file_overwrite=False))
replaced = TransactionalStorage(S3Storage(**options, location="replaced"))


class Kept(models.Model):
    """What the file holds is told by its row."""

    file = models.FileField(storage=unique)
    sha = models.CharField(max_length=64)

    class Meta:
        app_label = "contenttypes"


class Replaced(models.Model):
    file = models.FileField(storage=replaced, unique=True)
    sha = models.CharField(max_length=64)

    class Meta:
        app_label = "contenttypes"


class Work:
    def __init__(self, seed):
        self.random = random.Random(seed)

    @contextlib.contextmanager
    def undone_sometimes(self, how_often=0.2):
        with transaction.atomic():
            yield
            if self.random.random() < how_often:
                raise Undone

    def content(self):
        data = self.random.randbytes(self.random.choice([10, 5000, 200_000]))
        return ContentFile(data, name=f"{self.random.choice('abc')}.bin"), hashlib.sha256(data).hexdigest()

    def add(self):
        content, sha = self.content()
        if self.random.random() < 0.2:
            content = unique.stage(content)
        Kept.objects.create(file=content, sha=sha)

    def add_some(self):
        with self.undone_sometimes():
            for _ in range(self.random.randint(1, 3)):
                with contextlib.suppress(Undone), self.undone_sometimes(0.3):
                    self.add()

    def any_row(self, model):
        rows = list(model.objects.order_by("pk"))
        return self.random.choice(rows) if rows else None

    def change(self):
        row = self.any_row(Kept)
        if row:
            with self.undone_sometimes():
                unique.delete(row.file.name)
                row.file, row.sha = self.content()
                row.save()

    def remove(self):
        row = self.any_row(Kept)
        if row:
            with self.undone_sometimes():
                row.file.delete(save=False)
                row.delete()

    def replace(self):
        content, sha = self.content()
        name = f"{self.random.choice('xyz')}.bin"
        with self.undone_sometimes():
            Replaced.objects.update_or_create(file=replaced.save(name, content), defaults={"sha": sha})

    def withdraw(self):
        row = self.any_row(Replaced)
        if row:
            with transaction.atomic():
                replaced.delete(row.file.name)
                row.delete()

    def run(self):
        while True:
            action = self.random.choice(
                [self.add, self.add_some, self.add_some, self.change, self.remove, self.replace, self.withdraw]
            )
            with contextlib.suppress(Undone, OSError, ObjectDoesNotExist, DatabaseError):
                action()


def in_child(action):
    """Its process id."""
    child = os.fork()
    if child:
        return child
    try:
        action()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def work_and_be_killed(number):
    children = [in_child(lambda who=who: Work(f"{seed} {number} {who}").run()) for who in range(processes)]
    ends = random.Random(f"{seed} {number}")
    for child in children:
        time.sleep(0.02 + 0.15 * ends.random())
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def wait_until_nobody_is_at_the_database():
    """PostgreSQL notices only after a while that a client is gone, and may commit for it until then."""
    if connection.vendor != "postgresql":
        return
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' "
        "AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 20
    with connection.cursor() as cursor:
        while cursor.execute(others).fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.005)
    connection.close()  # the processes to come make their own


def what_is_wrong():
    out = io.StringIO()
    wrong = []
    try:
        call_command(Command(), "gc", "--delete", "--most", "--older-than", "0", stdout=out, stderr=out)
    except Exception as error:
        wrong.append(f"{error!r}: {out.getvalue()}")
    for storage, model in ((unique, Kept), (replaced, Replaced)):
        rows = dict(model.objects.values_list("file", "sha"))
        files = transactions.names_in(storage)
        if sorted(rows) != files:
            wrong.append(f"{model.__name__}: {sorted(rows)} and {files}")
        for name in set(rows) & set(files):
            if hashlib.sha256(storage.inner.open(name).read()).hexdigest() != rows[name]:
                wrong.append(f"{model.__name__}: {name} holds something else")
    wrong += map(str, transactions.journal())
    return wrong


def check(answer):
    stored = [name for storage in (unique, replaced) for name in transactions.names_in(storage)]
    left = len(transactions.journal()) + sum(name.startswith(".pending/") for name in stored)
    answer.write(json.dumps([what_is_wrong(), Kept.objects.count() + Replaced.objects.count(), left]))
    answer.flush()


def say(text):
    print(text, flush=True)
    sys.stdin.readline()


def main():
    from django.test import modify_settings

    with modify_settings(INSTALLED_APPS={"append": "storages.journal"}):
        call_command("migrate", "storages_journal", verbosity=0)
        with connection.schema_editor() as editor:
            for model in (Kept, Replaced):
                editor.create_model(model)
        connection.close()
        for number in itertools.islice(itertools.count(), rounds):
            say("work")
            work_and_be_killed(number)
            say("check")
            wait_until_nobody_is_at_the_database()
            with open(answers, "w") as answer:
                os.waitpid(in_child(lambda answer=answer: check(answer)), 0)
            print(answers.read_text(), flush=True)


main()
