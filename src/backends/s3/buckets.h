// Requests that concern accounts, buckets, access control lists, versions and tags: one attempt each.
#pragma once

#include <string>
#include <string_view>

#include "backends/s3/bucket_wire.h"
#include "backends/s3/client.h"

namespace orlop::s3 {

// With a client whose bucket is empty. `token` is that of the page before.
Result<BucketsReply> list_buckets(Client& client, const Context& context, std::string_view token);

Result<void> head_bucket(Client& client, const Context& context);
// `location`: what the bucket is made with; empty: the client's region.
Result<void> create_bucket(Client& client, const Context& context, std::string_view location, std::string_view acl);
Result<void> delete_bucket(Client& client, const Context& context);
Result<std::string> get_location(Client& client, const Context& context);
Result<Versioning> get_versioning(Client& client, const Context& context);
Result<void> put_versioning(Client& client, const Context& context, bool enabled);

// What a list or tags belong to: the bucket itself when the key is empty.
struct Place {
  std::string_view key{};
  std::string_view version{};
};

Result<Acl> get_acl(Client& client, const Context& context, Place place);
// Errors: invalid_argument for a name that is none.
Result<void> put_acl(Client& client, const Context& context, Place place, std::string_view canned);
Result<void> put_acl(Client& client, const Context& context, Place place, const Acl& acl);
// Errors: invalid_argument naming those there are.
Result<void> check_canned_acl(std::string_view name);

Result<StringMap> get_tags(Client& client, const Context& context, Place place);
Result<void> put_tags(Client& client, const Context& context, Place place, const StringMap& tags);
Result<void> delete_tags(Client& client, const Context& context, Place place);

struct VersionsRequest {
  std::string prefix, delimiter;
  std::string after_key, after_version;
};
Result<VersionsReply> list_versions(Client& client, const Context& context, const VersionsRequest& request);
Result<Removed> remove_version(Client& client, const Context& context, Place place);

}  // namespace orlop::s3
