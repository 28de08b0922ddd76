// The XML bodies of what concerns buckets, access control lists, versions and tags. No I/O.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orlop/s3_values.h"

namespace orlop::s3 {

// As in wire.h: data_corrupted for what is not the whole document expected, the service's own error for an <Error>.

struct BucketsReply {
  struct Bucket {
    std::string name;
    std::optional<SystemTime> created;
  };
  Owner owner;
  std::vector<Bucket> buckets;
  std::string token;  // ContinuationToken; empty: these are all
};
Result<BucketsReply> parse_buckets(std::string_view body);

Result<std::string> parse_location(std::string_view body);  // empty: the oldest region

Result<Acl> parse_acl(std::string_view body);
std::string acl_body(const Acl& acl);

Result<Versioning> parse_versioning(std::string_view body);
std::string versioning_body(bool enabled);

Result<StringMap> parse_tags(std::string_view body);
std::string tags_body(const StringMap& tags);

struct VersionsReply {
  std::vector<Version> versions;  // by key, the newest first, groups among them
  bool truncated = false;
  std::string next_key, next_version;
};
Result<VersionsReply> parse_versions(std::string_view body);

// What came with an answer that has nothing to say: nothing, or some document that is no <Error> and no web page.
Result<void> check_empty(std::string_view body);

}  // namespace orlop::s3
