#include "server/acl.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/errors.h"
#include "server/request.h"

namespace orlop::server {
namespace {

constexpr std::size_t most_grants = 100;
constexpr std::size_t longest_grantee = 256;
constexpr std::string_view listed = "grants";  // how lists that are no canned ones begin

constexpr std::string_view all_users = "http://acs.amazonaws.com/groups/global/AllUsers";
constexpr std::string_view signed_users = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
constexpr std::string_view log_delivery = "http://acs.amazonaws.com/groups/s3/LogDelivery";

struct Canned {
  std::string_view acl, grantee, permission;  // besides the owner's FULL_CONTROL
};
constexpr auto canned_grants = std::to_array<Canned>({{"public-read", all_users, "READ"},
                                                      {"public-read-write", all_users, "READ"},
                                                      {"public-read-write", all_users, "WRITE"},
                                                      {"authenticated-read", signed_users, "READ"},
                                                      {"log-delivery-write", log_delivery, "WRITE"},
                                                      {"log-delivery-write", log_delivery, "READ_ACP"}});
constexpr auto canned_names = std::to_array<std::string_view>(
    {"private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read",
     "bucket-owner-full-control", "log-delivery-write"});

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> grant_headers{
    {{"x-amz-grant-read", "READ"},
     {"x-amz-grant-write", "WRITE"},
     {"x-amz-grant-read-acp", "READ_ACP"},
     {"x-amz-grant-write-acp", "WRITE_ACP"},
     {"x-amz-grant-full-control", "FULL_CONTROL"}}};

bool is_permission(std::string_view name) {
  return std::any_of(grant_headers.begin(), grant_headers.end(), [&](const auto& one) { return one.second == name; });
}

// Who is meant, by the kind of name. One account is here; others can be named all the same, as in a list that was
// made elsewhere.
Result<std::string> resolve(std::string_view kind, std::string_view name) {
  if (kind == "emailAddress") {
    if (name == owner_email) return std::string(owner_id);
    return s3_error("UnresolvableGrantByEmailAddress");
  }
  if (kind == "uri") {
    if (name == all_users || name == signed_users || name == log_delivery) return std::string(name);
    return s3_error("InvalidArgument", "Invalid group uri");
  }
  bool plain = !name.empty() && name.size() <= longest_grantee &&
               std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f && c != ':'; });
  if (kind == "id" && plain) return std::string(name);
  return s3_error("InvalidArgument", "Invalid id");
}

std::string kept(const std::vector<Grant>& grants) {
  std::string text(listed);
  for (const Grant& grant : grants) text += fmt::format("\n{} {}", grant.permission, grant.grantee);
  return text;
}

// id="...", uri="..."
Result<void> add_header_grants(std::string_view value, std::string_view permission, std::vector<Grant>& grants) {
  while (!value.empty()) {
    std::string_view item = trim(value.substr(0, value.find(',')));
    value.remove_prefix(
        std::min(value.find(',') == std::string_view::npos ? value.size() : value.find(',') + 1, value.size()));
    std::size_t equals = std::min(item.find('='), item.size());
    std::string_view name = trim(item.substr(std::min(equals + 1, item.size())));
    if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"')) name = name.substr(1, name.size() - 2);
    ORLOP_ASSIGN(std::string grantee, resolve(trim(item.substr(0, equals)), name));
    grants.push_back({std::move(grantee), std::string(permission)});
  }
  return {};
}

Result<Grant> grant_in(pugi::xml_node node) {
  pugi::xml_node grantee = node.child("Grantee");
  Grant grant{{}, node.child_value("Permission")};
  if (!grantee || !is_permission(grant.permission)) return s3_error("MalformedACLError");
  if (grantee.child("URI")) {
    ORLOP_ASSIGN(grant.grantee, resolve("uri", grantee.child_value("URI")));
  } else if (grantee.child("EmailAddress")) {
    ORLOP_ASSIGN(grant.grantee, resolve("emailAddress", grantee.child_value("EmailAddress")));
  } else {
    ORLOP_ASSIGN(grant.grantee, resolve("id", grantee.child_value("ID")));
  }
  return grant;
}

void add_grant(pugi::xml_node list, const Grant& grant) {
  pugi::xml_node node = list.append_child("Grant");
  pugi::xml_node grantee = node.append_child("Grantee");
  grantee.append_attribute("xmlns:xsi").set_value("http://www.w3.org/2001/XMLSchema-instance");
  grantee.append_attribute("xsi:type").set_value(grant.to_group() ? "Group" : "CanonicalUser");
  add(grantee, grant.to_group() ? "URI" : "ID", grant.grantee);
  if (grant.grantee == owner_id) add(grantee, "DisplayName", owner_name);
  add(node, "Permission", grant.permission);
}

}  // namespace

std::vector<Grant> grants_of(std::string_view acl) {
  std::vector<Grant> grants;
  if (!acl.starts_with(listed)) {
    grants.push_back({std::string(owner_id), "FULL_CONTROL"});
    for (const Canned& one : canned_grants) {
      if (one.acl == acl) grants.push_back({std::string(one.grantee), std::string(one.permission)});
    }
    return grants;
  }
  while (acl.find('\n') != std::string_view::npos) {
    acl.remove_prefix(acl.find('\n') + 1);
    std::string_view line = acl.substr(0, acl.find('\n'));
    std::size_t blank = std::min(line.find(' '), line.size());
    grants.push_back({std::string(line.substr(std::min(blank + 1, line.size()))), std::string(line.substr(0, blank))});
  }
  return grants;
}

bool everybody_may(std::string_view acl, std::string_view permission) {
  if (acl.empty()) return false;
  auto grants = grants_of(acl);
  return std::any_of(grants.begin(), grants.end(), [&](const Grant& grant) {
    return grant.grantee == all_users && (grant.permission == permission || grant.permission == "FULL_CONTROL");
  });
}

Result<std::optional<std::string>> acl_in(const Headers& headers) {
  std::string canned(headers.get("x-amz-acl"));
  if (!canned.empty() && std::find(canned_names.begin(), canned_names.end(), canned) == canned_names.end()) {
    return s3_error("InvalidArgument", "Unknown canned ACL");
  }
  std::vector<Grant> grants;
  for (const auto& [header, permission] : grant_headers) {
    ORLOP_TRY(add_header_grants(headers.joined(header), permission, grants));
  }
  if (!grants.empty() && !canned.empty()) {
    return s3_error("InvalidRequest", "Specifying both Canned ACLs and Header Grants is not allowed");
  }
  if (grants.size() > most_grants) return s3_error("MalformedACLError");
  if (!grants.empty()) return std::optional(kept(grants));
  if (canned.empty()) return std::optional<std::string>();
  return std::optional(canned == "private" ? std::string() : canned);
}

Result<std::string> acl_in_document(std::string_view text) {
  pugi::xml_document document;
  ORLOP_TRY(parse_xml(text, "AccessControlPolicy", document));
  pugi::xml_node root = document.document_element();
  if (!root.child("AccessControlList")) return s3_error("MalformedACLError");
  std::string_view owner = root.child("Owner").child_value("ID");
  if (owner.empty()) return s3_error("MalformedACLError");
  if (owner != owner_id) return s3_error("AccessDenied");
  std::vector<Grant> grants;
  for (pugi::xml_node node : root.child("AccessControlList").children("Grant")) {
    if (grants.size() == most_grants) return s3_error("MalformedACLError");
    ORLOP_ASSIGN(Grant grant, grant_in(node));
    grants.push_back(std::move(grant));
  }
  return kept(grants);
}

void describe_acl(pugi::xml_node root, std::string_view acl) {
  add_owner(root, "Owner");
  pugi::xml_node list = root.append_child("AccessControlList");
  for (const Grant& grant : grants_of(acl)) add_grant(list, grant);
}

void add_owner(pugi::xml_node parent, const char* name) {
  pugi::xml_node owner = parent.append_child(name);
  add(owner, "ID", owner_id);
  add(owner, "DisplayName", owner_name);
}

}  // namespace orlop::server
