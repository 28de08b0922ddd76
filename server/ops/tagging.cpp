// GetObjectTagging, PutObjectTagging, DeleteObjectTagging, GetObjectAcl, PutObjectAcl, GetObjectAttributes.
#include <fmt/format.h>

#include "server/ops/common.h"
#include "wire/date.h"
#include "wire/encoding.h"

namespace orlop::server::ops {
namespace {

constexpr const char* all_users = "http://acs.amazonaws.com/groups/global/AllUsers";
constexpr const char* signed_users = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

// Replaces facts of an object by copying it onto itself.
Result<Object> change_facts(Call& call, const std::function<void(Facts&)>& change) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  auto rewrite = [&](const Object&, Attrs&, Facts& facts) -> Result<void> { return change(facts), Result<void>(); };
  return objects.copy(objects, call.request.key, call.request.key, rewrite, {});
}

Result<Object> find(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  return objects.stat(call.request.key);
}

void add_grant(pugi::xml_node list, const char* group, const char* permission) {
  pugi::xml_node grant = list.append_child("Grant");
  pugi::xml_node grantee = grant.append_child("Grantee");
  grantee.append_attribute("xmlns:xsi").set_value("http://www.w3.org/2001/XMLSchema-instance");
  grantee.append_attribute("xsi:type").set_value(group ? "Group" : "CanonicalUser");
  if (group) {
    add(grantee, "URI", group);
  } else {
    add(grantee, "ID", owner_id);
    add(grantee, "DisplayName", owner_name);
  }
  add(grant, "Permission", permission);
}

bool wants(const Request& request, std::string_view attribute) {
  std::string wanted = request.headers.joined("x-amz-object-attributes");
  for (std::string_view rest = wanted; !rest.empty();) {
    std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    if (trim(item) == attribute) return true;
  }
  return false;
}

void add_parts(pugi::xml_node root, const Facts& facts) {
  if (facts.parts.empty()) return;
  add(root.append_child("ObjectParts"), "TotalPartsCount", std::to_string(facts.part_count()));
}

}  // namespace

Result<Reply> get_object_tagging(Call& call) {
  ORLOP_ASSIGN(Object object, find(call));
  XmlAnswer answer("Tagging");
  pugi::xml_node set = answer.root().append_child("TagSet");
  for (const auto& [name, value] : decode_record(object.facts.tags)) {
    pugi::xml_node tag = set.append_child("Tag");
    add(tag, "Key", name);
    add(tag, "Value", value);
  }
  return xml_reply(answer);
}

Result<Reply> put_object_tagging(Call& call) {
  ORLOP_ASSIGN(std::string text, call.document());
  ORLOP_ASSIGN(std::string tags, tags_in_document(text));
  ORLOP_TRY(change_facts(call, [&](Facts& facts) { facts.tags = tags; }));
  return Reply{};
}

Result<Reply> delete_object_tagging(Call& call) {
  ORLOP_TRY(change_facts(call, [](Facts& facts) { facts.tags.clear(); }));
  return Reply{.status = 204, .headers = {}, .body = {}, .stream = nullptr};
}

Result<Reply> get_object_acl(Call& call) {
  ORLOP_ASSIGN(Object object, find(call));
  const std::string& acl = object.facts.acl;
  XmlAnswer answer("AccessControlPolicy");
  add_owner(answer.root(), "Owner");
  pugi::xml_node list = answer.root().append_child("AccessControlList");
  add_grant(list, nullptr, "FULL_CONTROL");
  if (acl.starts_with("public-read")) add_grant(list, all_users, "READ");
  if (acl == "public-read-write") add_grant(list, all_users, "WRITE");
  if (acl == "authenticated-read") add_grant(list, signed_users, "READ");
  return xml_reply(answer);
}

Result<Reply> put_object_acl(Call& call) {
  // Grants one by one are not kept: a canned ACL says all this server can enforce.
  if (!call.request.headers.has("x-amz-acl")) return s3_error("NotImplemented");
  ORLOP_ASSIGN(Facts wanted, facts_in(call.request.headers));
  ORLOP_TRY(call.document());
  ORLOP_TRY(change_facts(call, [&](Facts& facts) { facts.acl = wanted.acl; }));
  return Reply{};
}

Result<Reply> get_object_attributes(Call& call) {
  ORLOP_ASSIGN(Object object, find(call));
  XmlAnswer answer("GetObjectAttributesResponse");
  pugi::xml_node root = answer.root();
  std::string_view etag = object.meta.etag;
  if (wants(call.request, "ETag")) add(root, "ETag", etag.substr(1, etag.size() - 2));
  if (wants(call.request, "Checksum") && object.facts.checksum.algorithm != ChecksumAlgorithm::none) {
    add_checksum(root.append_child("Checksum"), object.facts);
  }
  if (wants(call.request, "ObjectParts")) add_parts(root, object.facts);
  if (wants(call.request, "StorageClass")) {
    add(root, "StorageClass", object.facts.storage_class.empty() ? "STANDARD" : object.facts.storage_class);
  }
  if (wants(call.request, "ObjectSize")) add(root, "ObjectSize", std::to_string(object.meta.size));
  Reply reply = xml_reply(answer);
  if (object.meta.modified) reply.headers.add("last-modified", wire::format_http_date(*object.meta.modified));
  return reply;
}

}  // namespace orlop::server::ops
