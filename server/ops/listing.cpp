// ListObjects, ListObjectsV2, DeleteObjects.
#include "server/ops/common.h"
#include "wire/date.h"
#include "wire/encoding.h"
#include "wire/percent.h"

namespace orlop::server::ops {
namespace {

constexpr std::uint64_t largest_page = 1000;
constexpr std::uint64_t most_deletions = 1000;

struct Listing {
  std::string prefix;
  std::string delimiter;
  std::uint64_t max_keys = largest_page;
  bool encode = false;

  std::string encoded(std::string_view text) const {
    // Keys in listings are encoded as in a path: '/' stays.
    return encode ? wire::encode_path(text) : std::string(text);
  }
};

Result<Listing> listing_in(const Request& request) {
  Listing listing;
  listing.prefix = request.parameter_or("prefix", "");
  listing.delimiter = request.parameter_or("delimiter", "");
  std::string_view most = request.parameter_or("max-keys", "");
  if (!most.empty()) {
    ORLOP_ASSIGN(listing.max_keys, parse_number(most, "max-keys", 2147483647));
    listing.max_keys = std::min(listing.max_keys, largest_page);
  }
  std::string_view encoding = request.parameter_or("encoding-type", "");
  if (!encoding.empty() && encoding != "url")
    return s3_error("InvalidArgument", "Invalid Encoding Method specified in Request");
  listing.encode = !encoding.empty();
  return listing;
}

Result<Page> list_page(Objects& objects, const Listing& listing, std::string token, std::string start_after) {
  if (listing.max_keys == 0) return Page{};
  return objects.list({.prefix = listing.prefix,
                       .delimiter = listing.delimiter,
                       .token = std::move(token),
                       .start_after = std::move(start_after),
                       .page_size = static_cast<std::uint32_t>(listing.max_keys)});
}

void add_entries(pugi::xml_node root, const Listing& listing, const Page& page, bool owners) {
  for (const Entry& entry : page.entries) {
    if (entry.is_prefix) continue;
    pugi::xml_node node = root.append_child("Contents");
    add(node, "Key", listing.encoded(entry.key));
    add(node, "LastModified", wire::format_iso8601(entry.modified.value_or(SystemTime{})));
    add(node, "ETag", entry.etag);
    add(node, "Size", std::to_string(entry.size));
    if (owners) add_owner(node, "Owner");
    add(node, "StorageClass", "STANDARD");
  }
  for (const Entry& entry : page.entries) {
    if (entry.is_prefix) add(root.append_child("CommonPrefixes"), "Prefix", listing.encoded(entry.key));
  }
}

void add_head(pugi::xml_node root, const Call& call, const Listing& listing, const Page& page) {
  add(root, "Name", call.request.bucket);
  add(root, "Prefix", listing.encoded(listing.prefix));
  if (!listing.delimiter.empty()) add(root, "Delimiter", listing.encoded(listing.delimiter));
  add(root, "MaxKeys", std::to_string(listing.max_keys));
  if (listing.encode) add(root, "EncodingType", "url");
  add(root, "IsTruncated", page.next.empty() ? "false" : "true");
}

// A marker that is a common prefix stands behind everything the prefix stands for.
std::string behind_marker(const Listing& listing, std::string marker) {
  if (listing.delimiter.empty() || !marker.starts_with(listing.prefix)) return marker;
  std::size_t found = marker.find(listing.delimiter, listing.prefix.size());
  if (found != std::string::npos && found + listing.delimiter.size() == marker.size()) marker += behind_all;
  return marker;
}

}  // namespace

Result<Reply> list_objects(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  ORLOP_TRY(check_listing(call, objects));
  ORLOP_ASSIGN(Listing listing, listing_in(call.request));
  std::string marker(call.request.parameter_or("marker", ""));
  ORLOP_ASSIGN(Page page, list_page(objects, listing, {}, behind_marker(listing, marker)));
  XmlAnswer answer("ListBucketResult");
  add_head(answer.root(), call, listing, page);
  add(answer.root(), "Marker", listing.encoded(marker));
  bool truncated = !page.next.empty() && !page.entries.empty();
  // Only with a delimiter; without one the last key is the marker.
  if (truncated && !listing.delimiter.empty())
    add(answer.root(), "NextMarker", listing.encoded(page.entries.back().key));
  add_entries(answer.root(), listing, page, true);
  return xml_reply(answer);
}

Result<Reply> list_objects_v2(Call& call) {
  const Request& request = call.request;
  ORLOP_ASSIGN(Objects objects, call.bucket());
  ORLOP_TRY(check_listing(call, objects));
  ORLOP_ASSIGN(Listing listing, listing_in(request));
  std::string token;
  if (const std::string* sent = request.parameter("continuation-token")) {
    auto decoded = wire::decode_base64(*sent);
    if (!decoded || decoded->empty())
      return s3_error("InvalidArgument", "The continuation token provided is incorrect");
    token = *std::move(decoded);
  }
  std::string start_after(request.parameter_or("start-after", ""));
  ORLOP_ASSIGN(Page page, list_page(objects, listing, token, start_after));
  XmlAnswer answer("ListBucketResult");
  pugi::xml_node root = answer.root();
  add_head(root, call, listing, page);
  add(root, "KeyCount", std::to_string(page.entries.size()));
  if (const std::string* sent = request.parameter("continuation-token")) add(root, "ContinuationToken", *sent);
  if (!page.next.empty()) add(root, "NextContinuationToken", wire::encode_base64(as_bytes(page.next)));
  if (!start_after.empty()) add(root, "StartAfter", listing.encoded(start_after));
  add_entries(root, listing, page, request.parameter_or("fetch-owner", "") == "true");
  return xml_reply(answer);
}

namespace {

struct Deletion {
  std::string key;
  WriteConditions conditions;
};

Result<std::vector<Deletion>> deletions_in(const pugi::xml_document& document) {
  std::vector<Deletion> deletions;
  for (pugi::xml_node node : document.document_element().children("Object")) {
    Deletion deletion{.key = node.child_value("Key"), .conditions = {}};
    if (deletion.key.empty()) return s3_error("MalformedXML");
    if (std::string_view version = node.child_value("VersionId"); !version.empty() && version != "null") {
      return s3_error("NotImplemented");
    }
    deletion.conditions.if_match = node.child_value("ETag");
    deletions.push_back(std::move(deletion));
  }
  if (deletions.empty() || deletions.size() > most_deletions) return s3_error("MalformedXML");
  return deletions;
}

// Those without conditions in one batch, the others one by one.
Result<RemoveResults> carry_out(Objects& objects, const std::vector<Deletion>& deletions) {
  RemoveResults results(deletions.size());
  std::vector<std::string> batch;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < deletions.size(); ++i) {
    const Deletion& deletion = deletions[i];
    if (objects.owns(deletion.key)) {
      results[i] = s3_error("AccessDenied");
    } else if (deletion.conditions.any()) {
      auto removed = objects.remove(deletion.key, deletion.conditions);
      if (!removed) results[i] = std::move(removed).error();
    } else {
      batch.push_back(deletion.key);
      places.push_back(i);
    }
  }
  if (batch.empty()) return results;
  ORLOP_ASSIGN(RemoveResults removed, objects.remove(std::move(batch)));
  for (std::size_t i = 0; i < removed.size() && i < places.size(); ++i) results[places[i]] = std::move(removed[i]);
  return results;
}

void add_deletion_error(pugi::xml_node root, const std::string& key, const Error& error) {
  Error known = s3_error(error);
  pugi::xml_node node = root.append_child("Error");
  add(node, "Key", key);
  add(node, "Code", known.service_code());
  add(node, "Message", known.message());
}

}  // namespace

Result<Reply> delete_objects(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  ORLOP_ASSIGN(auto body, UploadBody::open(call.raw_body, call.request, call.identity));
  if (!body->has_content_md5() && body->client_algorithm() == ChecksumAlgorithm::none) {
    return s3_error("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  }
  ORLOP_ASSIGN(std::string text, body->read_all(largest_document));
  pugi::xml_document document;
  ORLOP_TRY(parse_xml(text, "Delete", document));
  ORLOP_ASSIGN(auto deletions, deletions_in(document));
  ORLOP_ASSIGN(RemoveResults results, carry_out(objects, deletions));
  bool quiet = std::string_view(document.document_element().child_value("Quiet")) == "true";
  XmlAnswer answer("DeleteResult");
  for (std::size_t i = 0; i < deletions.size(); ++i) {
    if (results[i]) {
      add_deletion_error(answer.root(), deletions[i].key, *results[i]);
    } else if (!quiet) {
      add(answer.root().append_child("Deleted"), "Key", deletions[i].key);
    }
  }
  return xml_reply(answer);
}

}  // namespace orlop::server::ops
