"""Access control lists as boto has them."""

from __future__ import annotations

from typing import Any

from orlop import s3
from orlop.compat.boto.s3.user import User

CannedACLStrings = [
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
    "log-delivery-write",
]

_KINDS = {"user": "CanonicalUser", "email": "AmazonCustomerByEmail", "group": "Group"}


class Grant:
    def __init__(
        self,
        permission: str | None = None,
        type: str | None = None,
        id: str | None = None,
        display_name: str | None = None,
        uri: str | None = None,
        email_address: str | None = None,
    ) -> None:
        self.permission = permission
        self.type = type
        self.id = id
        self.display_name = display_name
        self.uri = uri
        self.email_address = email_address

    @classmethod
    def _of(cls, grant: s3.Grant) -> Grant:
        names = {"user": "id", "email": "email_address", "group": "uri"}
        made = cls(grant.permission, _KINDS[grant.to], display_name=grant.name or None)
        setattr(made, names[grant.to], grant.grantee)
        return made

    def _plain(self) -> s3.Grant:
        kinds = {name: kind for kind, name in _KINDS.items()}
        kind = kinds.get(self.type or "", "user")
        grantee = {"user": self.id, "email": self.email_address, "group": self.uri}[kind]
        return s3.Grant(kind, grantee or "", self.permission or "", self.display_name or "")


class ACL:
    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy
        self.grants: list[Grant] = []

    def add_grant(self, grant: Grant) -> None:
        self.grants.append(grant)

    def add_email_grant(self, permission: str, email_address: str) -> None:
        self.grants.append(Grant(permission, "AmazonCustomerByEmail", email_address=email_address))

    def add_user_grant(self, permission: str, user_id: str, display_name: str | None = None) -> None:
        self.grants.append(Grant(permission, "CanonicalUser", id=user_id, display_name=display_name))


class Policy:
    def __init__(self, parent: Any = None) -> None:
        self.parent = parent
        self.owner = User()
        self.acl = ACL(self)

    @classmethod
    def _of(cls, acl: s3.Acl, parent: Any = None) -> Policy:
        policy = cls(parent)
        policy.owner = User(id=acl.owner.id, display_name=acl.owner.name)
        policy.acl.grants = [Grant._of(grant) for grant in acl.grants]
        return policy

    def _plain(self) -> s3.Acl:
        owner = s3.Owner(self.owner.id, self.owner.display_name)
        return s3.Acl(owner, [grant._plain() for grant in self.acl.grants])

    def to_xml(self) -> str:
        return self._plain().to_xml()

    def __repr__(self) -> str:
        described = []
        for grant in self.acl.grants:
            if grant.id and grant.id == self.owner.id:
                described.append(f"{grant.display_name} (owner) = {grant.permission}")
            else:
                who = {"CanonicalUser": grant.display_name, "Group": grant.uri}.get(
                    grant.type or "", grant.email_address
                )
                described.append(f"{who} = {grant.permission}")
        return f"<Policy: {', '.join(described)}>"
