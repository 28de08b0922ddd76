// ListBuckets, CreateBucket, DeleteBucket, HeadBucket, GetBucketLocation, GetBucketVersioning.
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
    ORLOP_ASSIGN(Page page, objects.driver().list(objects.context(), {.prefix = std::string(hidden_prefix),
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
  ORLOP_TRY(check_location(call));
  auto created = call.services.buckets->create(name);
  // In the oldest region, and only there, making one's own bucket again succeeds.
  bool again = !created && created.error().code() == Code::already_exists;
  if (again && call.services.options.region != classic_region) return s3_error("BucketAlreadyOwnedByYou");
  if (!created && !again) return std::move(created).error();
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
  return Reply{.status = 204, .headers = {}, .body = {}, .stream = nullptr};
}

Result<Reply> head_bucket(Call& call) {
  ORLOP_TRY(call.bucket());
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

}  // namespace orlop::server::ops
