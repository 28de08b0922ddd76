"""What is said about a setting."""

import re
from typing import NamedTuple

RECOGNISED = "recognised"
TRANSLATED = "translated"
WITHOUT_EFFECT = "without effect"
DIFFERENT = "different"
DANGEROUS = "dangerous"
ERROR = "error"


class Finding(NamedTuple):
    kind: str
    setting: str  # as the project spells it
    text: str
    number: int  # of the kind of finding, for SILENCED_SYSTEM_CHECKS


# Options nobody is to read in a terminal, a log or a file that gets committed.
SECRETS = frozenset({"access_key", "secret_key", "security_token", "cloudfront_key", "SSECustomerKey"})

# user:password before a host, with a scheme or without one; a password may have any characters in it.
_USER = re.compile(r"(//|\A|(?<=['\"]))(?!mailto:)[^/@\s'\"]*:(?!//).*@|(//)[^/@\s'\"]*@", re.DOTALL)


def has_password(text):
    return bool(_USER.search(text))


def _masked(text):
    return _USER.sub(r"\1\2...@", text)


def shown(value):
    """A value as a line of a report has it: no secret of it, and not all of a long one."""
    if isinstance(value, dict):
        pairs = (f"{name!r}: {'...' if name in SECRETS else shown(item)}" for name, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    text = repr(_masked(value)) if isinstance(value, str) else _masked(repr(value))
    return text if len(text) <= 100 else text[:97] + "..."
