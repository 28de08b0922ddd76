// ListBuckets, CreateBucket, DeleteBucket, HeadBucket, GetBucketLocation, GetBucketVersioning, and the ACL and tags of
// a bucket.
#include "server/ops/common.h"
#include "wire/date.h"

namespace orlop::server::ops {
namespace {

constexpr std::string_view classic_region = "us-east-1";

Result<void> check_location(Call& call) {
  if (!call.request.content_length.value_or(0)) return {};
  ORLOP_ASSIGN(std::string text, call.document());
  if (trim(text).empty()) return {};
  pugi::xml_document document;
  ORLOP_TRY(parse_xml(text, "CreateBucketConfiguration", document));
  std::string_view location = document.document_element().child_value("LocationConstraint");
  if (location.empty() || location == call.services.options.region) return {};
  return s3_error("InvalidLocationConstraint");
}

// Uploads that were never finished go with their bucket.
Result<void> remove_hidden(Objects& objects) {
  for (;;) {
    ORLOP_ASSIGN(Page page, objects.driver().list(objects.context(), {.prefix = std::string(objects.own().prefix),
                                                                      .delimiter = {},
                                                                      .token = {},
                                                                      .start_after = {},
                                                                      .page_size = 1000}));
    if (page.entries.empty()) return {};
    std::vector<std::string> keys;
    for (Entry& entry : page.entries) keys.push_back(std::move(entry.key));
    ORLOP_ASSIGN(RemoveResults results, objects.remove(std::move(keys)));
    for (auto& result : results) {
      if (result) return *std::move(result);
    }
  }
}

}  // namespace

Result<Reply> list_buckets(Call& call) {
  ORLOP_ASSIGN(auto buckets, call.services.buckets->list());
  XmlAnswer answer("ListAllMyBucketsResult");
  add_owner(answer.root(), "Owner");
  pugi::xml_node list = answer.root().append_child("Buckets");
  std::string_view prefix = call.request.parameter_or("prefix", "");
  for (const testing::BucketEntry& bucket : buckets) {
    if (!std::string_view(bucket.name).starts_with(prefix)) continue;
    pugi::xml_node node = list.append_child("Bucket");
    add(node, "Name", bucket.name);
    add(node, "CreationDate", wire::format_iso8601(bucket.created));
  }
  return xml_reply(answer);
}

Result<Reply> create_bucket(Call& call) {
  const std::string& name = call.request.bucket;
  if (!valid_bucket_name(name)) return s3_error("InvalidBucketName");
  ORLOP_ASSIGN(auto acl, acl_in(call.request.headers));
  ORLOP_TRY(check_location(call));
  auto created = call.services.buckets->create(name);
  // In the oldest region, and only there, making one's own bucket again succeeds.
  bool again = !created && created.error().code() == Code::already_exists;
  if (again && call.services.options.region != classic_region) return s3_error("BucketAlreadyOwnedByYou");
  if (!created && !again) return std::move(created).error();
  if (acl) {
    ORLOP_ASSIGN(Objects objects, call.bucket());
    ORLOP_TRY(objects.change_bucket_facts([&](Facts& facts) { facts.acl = *acl; }));
  }
  Reply reply;
  reply.headers.add("location", "/" + name);
  return reply;
}

Result<Reply> delete_bucket(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  ORLOP_ASSIGN(bool empty, objects.empty());
  if (!empty) return s3_error("BucketNotEmpty");
  ORLOP_TRY(remove_hidden(objects));
  auto removed = call.services.buckets->remove(call.request.bucket);
  if (!removed && removed.error().code() == Code::precondition_failed) return s3_error("BucketNotEmpty");
  if (!removed && removed.error().code() == Code::not_found) return s3_error("NoSuchBucket");
  if (!removed) return std::move(removed).error();
  return no_content();
}

Result<Reply> head_bucket(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  ORLOP_TRY(check_listing(call, objects));
  Reply reply;
  reply.headers.add("x-amz-bucket-region", call.services.options.region);
  reply.headers.add("x-amz-access-point-alias", "false");
  reply.headers.add("content-type", "application/xml");
  return reply;
}

Result<Reply> get_bucket_location(Call& call) {
  ORLOP_TRY(call.bucket());
  XmlAnswer answer("LocationConstraint");
  const std::string& region = call.services.options.region;
  // The oldest region has no name here.
  if (region != classic_region) answer.root().text().set(region.c_str());
  return xml_reply(answer);
}

Result<Reply> get_bucket_versioning(Call& call) {
  ORLOP_TRY(call.bucket());
  return xml_reply(XmlAnswer("VersioningConfiguration"));  // empty: never enabled
}

Result<Reply> get_bucket_acl(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  ORLOP_ASSIGN(Facts facts, objects.bucket_facts());
  return acl_reply(facts.acl);
}

Result<Reply> put_bucket_acl(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  ORLOP_ASSIGN(std::string acl, acl_wanted(call));
  ORLOP_TRY(objects.change_bucket_facts([&](Facts& facts) { facts.acl = acl; }));
  return Reply{};
}

Result<Reply> get_bucket_tagging(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  ORLOP_ASSIGN(Facts facts, objects.bucket_facts());
  if (facts.tags.empty()) return s3_error("NoSuchTagSet");
  return tags_reply(facts.tags);
}

Result<Reply> put_bucket_tagging(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  ORLOP_ASSIGN(std::string text, call.document());
  ORLOP_ASSIGN(std::string tags, tags_in_document(text, most_bucket_tags));
  ORLOP_TRY(objects.change_bucket_facts([&](Facts& facts) { facts.tags = tags; }));
  return no_content();
}

Result<Reply> delete_bucket_tagging(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  ORLOP_TRY(objects.change_bucket_facts([](Facts& facts) { facts.tags.clear(); }));
  return no_content();
}

}  // namespace orlop::server::ops
