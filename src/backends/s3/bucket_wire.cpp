#include "backends/s3/bucket_wire.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <pugixml.hpp>

#include "backends/s3/errors.h"
#include "backends/s3/reply.h"
#include "wire/number.h"

namespace orlop::s3 {
namespace {

using wire::child_text;
using wire::XmlDocument;

constexpr std::string_view xsi = "http://www.w3.org/2001/XMLSchema-instance";

constexpr std::array<std::pair<Permission, std::string_view>, 5> permissions{
    {{Permission::read, "READ"},
     {Permission::write, "WRITE"},
     {Permission::read_acp, "READ_ACP"},
     {Permission::write_acp, "WRITE_ACP"},
     {Permission::full_control, "FULL_CONTROL"}}};

// The first child element of that name; null when there is none.
pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
  auto children = node.children();
  auto found = std::find_if(children.begin(), children.end(),
                            [&](const pugi::xml_node& one) { return wire::local_name(one) == name; });
  return found == children.end() ? pugi::xml_node() : *found;
}

Owner parse_owner(const pugi::xml_node& node) {
  return {std::string(child_text(node, "ID")), std::string(child_text(node, "DisplayName"))};
}

// What the grantee is follows from what it has; services differ in how they write xsi:type.
std::optional<Grant> parse_grant(const pugi::xml_node& node) {
  auto permission = parse_permission(child_text(node, "Permission"));
  pugi::xml_node grantee = child(node, "Grantee");
  if (!permission || !grantee) return std::nullopt;
  Grant grant{.grantee = {}, .permission = *permission};
  for (auto [name, to] : {std::pair("URI", Grant::To::group), std::pair("ID", Grant::To::user),
                          std::pair("EmailAddress", Grant::To::email)}) {
    if (!wire::has_child(grantee, name)) continue;
    grant.to = to;
    grant.grantee = child_text(grantee, name);
    grant.name = child_text(grantee, "DisplayName");
    break;
  }
  return grant;  // MinIO does not say who its one grantee is
}

std::optional<Acl> parse_policy(const pugi::xml_node& root) {
  Acl acl{parse_owner(child(root, "Owner")), {}};
  pugi::xml_node list = child(root, "AccessControlList");
  if (!list) return std::nullopt;
  for (const pugi::xml_node& node : list.children()) {
    if (wire::local_name(node) != "Grant") continue;
    auto grant = parse_grant(node);
    if (!grant) return std::nullopt;
    acl.grants.push_back(*std::move(grant));
  }
  return acl;
}

void write_grant(wire::XmlWriter& xml, const Grant& grant) {
  struct Form {
    std::string_view type, element;
  };
  constexpr Form forms[] = {
      {"CanonicalUser", "ID"}, {"AmazonCustomerByEmail", "EmailAddress"}, {"Group", "URI"}};  // in the order of To
  const Form& form = forms[static_cast<std::size_t>(grant.to)];
  xml.open("Grant").open_with("Grantee", {{"xmlns:xsi", xsi}, {"xsi:type", form.type}});
  xml.text(form.element, grant.grantee);
  if (grant.to == Grant::To::user && !grant.name.empty()) xml.text("DisplayName", grant.name);
  xml.close("Grantee").text("Permission", to_string(grant.permission)).close("Grant");
}

Result<Version> parse_version(const pugi::xml_node& node, const KeyDecoder& decode) {
  Version version;
  ORLOP_ASSIGN(version.key, decode(child_text(node, "Key")));
  version.id = child_text(node, "VersionId");
  version.is_latest = flag(child_text(node, "IsLatest"));
  version.is_delete_marker = wire::local_name(node) == "DeleteMarker";
  version.modified = parse_time(child_text(node, "LastModified"));
  version.etag = child_text(node, "ETag");
  std::optional<std::uint64_t> size = 0;
  if (!version.is_delete_marker) size = wire::parse_number(child_text(node, "Size"));
  if (version.key.empty() || version.id.empty() || !size) {
    return wrong_answer(200, "a version of the listing has no key, id or size");
  }
  version.size = *size;
  return version;
}

Result<Version> parse_group(const pugi::xml_node& node, const KeyDecoder& decode) {
  Version group{.is_prefix = true};
  ORLOP_ASSIGN(group.key, decode(child_text(node, "Prefix")));
  if (group.key.empty()) return wrong_answer(200, "a group of the listing has no name");
  return group;
}

}  // namespace

std::string_view to_string(Permission permission) noexcept {
  return permissions[static_cast<std::size_t>(permission)].second;
}

std::optional<Permission> parse_permission(std::string_view name) noexcept {
  for (const auto& [permission, spelled] : permissions) {
    if (spelled == name) return permission;
  }
  return std::nullopt;
}

std::span<const std::string_view> canned_acls() noexcept {
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
  static constexpr std::array<std::string_view, 8> names = {"private",
                                                            "public-read",
                                                            "public-read-write",
                                                            "aws-exec-read",
                                                            "authenticated-read",
                                                            "bucket-owner-read",
                                                            "bucket-owner-full-control",
                                                            "log-delivery-write"};
  return names;
}

std::string Acl::to_xml() const { return acl_body(*this); }

Result<Acl> Acl::from_xml(std::string_view text) {
  auto document = XmlDocument::parse(text);
  if (!document || document->root_name() != "AccessControlPolicy") {
    return Error(Code::invalid_argument, "this is no AccessControlPolicy document");
  }
  auto acl = parse_policy(document->root());
  if (acl) return *std::move(acl);
  return Error(Code::invalid_argument,
               "the document has no AccessControlList, or a Grant without Grantee or Permission");
}

Result<BucketsReply> parse_buckets(std::string_view body) {
  ORLOP_ASSIGN(XmlDocument document, open_reply(body, "ListAllMyBucketsResult"));
  BucketsReply reply;
  reply.owner = parse_owner(child(document.root(), "Owner"));
  reply.token = child_text(document.root(), "ContinuationToken");
  for (const pugi::xml_node& node : child(document.root(), "Buckets").children()) {
    if (wire::local_name(node) != "Bucket") continue;
    std::string name(child_text(node, "Name"));
    if (name.empty()) return wrong_answer(200, "a bucket of the list has no name");
    reply.buckets.push_back({std::move(name), parse_time(child_text(node, "CreationDate"))});
  }
  return reply;
}

Result<std::string> parse_location(std::string_view body) {
  ORLOP_ASSIGN(XmlDocument document, open_reply(body, "LocationConstraint"));
  return std::string(document.root().child_value());
}

Result<Acl> parse_acl(std::string_view body) {
  ORLOP_ASSIGN(XmlDocument document, open_reply(body, "AccessControlPolicy"));
  auto acl = parse_policy(document.root());
  if (!acl) return wrong_answer(200, "the access control list is incomplete");
  return *std::move(acl);
}

std::string acl_body(const Acl& acl) {
  wire::XmlWriter xml;
  xml.open("AccessControlPolicy", xmlns);
  xml.open("Owner").text("ID", acl.owner.id);
  if (!acl.owner.name.empty()) xml.text("DisplayName", acl.owner.name);
  xml.close("Owner").open("AccessControlList");
  for (const Grant& grant : acl.grants) write_grant(xml, grant);
  xml.close("AccessControlList").close("AccessControlPolicy");
  return std::move(xml).take();
}

Result<Versioning> parse_versioning(std::string_view body) {
  ORLOP_ASSIGN(XmlDocument document, open_reply(body, "VersioningConfiguration"));
  std::string_view status = child_text(document.root(), "Status");
  if (status.empty()) return Versioning::never;
  if (status == "Enabled") return Versioning::enabled;
  if (status == "Suspended") return Versioning::suspended;
  return wrong_answer(200, "the state of versioning is none that is known");
}

std::string versioning_body(bool enabled) {
  wire::XmlWriter xml;
  xml.open("VersioningConfiguration", xmlns).text("Status", enabled ? "Enabled" : "Suspended");
  xml.close("VersioningConfiguration");
  return std::move(xml).take();
}

Result<StringMap> parse_tags(std::string_view body) {
  ORLOP_ASSIGN(XmlDocument document, open_reply(body, "Tagging"));
  StringMap tags;
  for (const pugi::xml_node& node : child(document.root(), "TagSet").children()) {
    if (wire::local_name(node) == "Tag") tags.emplace(child_text(node, "Key"), child_text(node, "Value"));
  }
  return tags;
}

std::string tags_body(const StringMap& tags) {
  wire::XmlWriter xml;
  xml.open("Tagging", xmlns).open("TagSet");
  for (const auto& [name, value] : tags) xml.open("Tag").text("Key", name).text("Value", value).close("Tag");
  xml.close("TagSet").close("Tagging");
  return std::move(xml).take();
}

Result<VersionsReply> parse_versions(std::string_view body) {
  ORLOP_ASSIGN(XmlDocument document, open_reply(body, "ListVersionsResult"));
  const pugi::xml_node root = document.root();
  if (!wire::has_child(root, "IsTruncated"))
    return wrong_answer(200, "the listing does not say whether it is complete");
  VersionsReply reply;
  reply.truncated = flag(child_text(root, "IsTruncated"));
  KeyDecoder decode(root);
  ORLOP_ASSIGN(reply.next_key, decode(child_text(root, "NextKeyMarker")));
  reply.next_version = child_text(root, "NextVersionIdMarker");
  for (const pugi::xml_node& node : root.children()) {
    std::string_view name = wire::local_name(node);
    if (name == "Version" || name == "DeleteMarker") {
      ORLOP_ASSIGN(Version version, parse_version(node, decode));
      reply.versions.push_back(std::move(version));
    } else if (name == "CommonPrefixes") {
      ORLOP_ASSIGN(Version group, parse_group(node, decode));
      reply.versions.push_back(std::move(group));
    }
  }
  // Some services send markers and groups behind everything else; of one key the order is theirs to know.
  std::ranges::stable_sort(reply.versions, {}, &Version::key);
  return reply;
}

Result<void> check_empty(std::string_view body) {
  if (body.find_first_not_of(" \r\n\t") == std::string_view::npos) return {};
  auto document = XmlDocument::parse(body);
  if (!document || document->root_name() == "html") return wrong_answer(200, "the answer is not S3's");
  if (document->root_name() != "Error") return {};
  ORLOP_TRY(open_reply(body, "nothing"));
  return {};
}

}  // namespace orlop::s3
