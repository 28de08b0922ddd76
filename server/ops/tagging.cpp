// GetObjectTagging, PutObjectTagging, DeleteObjectTagging, GetObjectAcl, PutObjectAcl, GetObjectAttributes.
#include <fmt/format.h>

#include "server/ops/common.h"
#include "wire/date.h"
#include "wire/encoding.h"

namespace orlop::server::ops {
namespace {

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
  return tags_reply(object.facts.tags);
}

Result<Reply> put_object_tagging(Call& call) {
  ORLOP_ASSIGN(std::string text, call.document());
  ORLOP_ASSIGN(std::string tags, tags_in_document(text));
  ORLOP_TRY(change_facts(call, [&](Facts& facts) { facts.tags = tags; }));
  return Reply{};
}

Result<Reply> delete_object_tagging(Call& call) {
  ORLOP_TRY(change_facts(call, [](Facts& facts) { facts.tags.clear(); }));
  return no_content();
}

Result<Reply> get_object_acl(Call& call) {
  ORLOP_ASSIGN(Object object, find(call));
  return acl_reply(object.facts.acl);
}

Result<Reply> put_object_acl(Call& call) {
  ORLOP_ASSIGN(std::string acl, acl_wanted(call));
  ORLOP_TRY(change_facts(call, [&](Facts& facts) { facts.acl = acl; }));
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
