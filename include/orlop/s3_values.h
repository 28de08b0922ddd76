// What the S3 object API (orlop/s3.h) speaks of besides contents: owners, access control lists, versions, tags.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orlop/types.h"

namespace orlop::s3 {

// What a grant allows. https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#permissions
enum class Permission : std::uint8_t { read, write, read_acp, write_acp, full_control };

std::string_view to_string(Permission permission) noexcept;  // "READ_ACP"
// Nothing for what is no permission. Upper case, as in a document.
std::optional<Permission> parse_permission(std::string_view name) noexcept;

struct Owner {
  std::string id;    // canonical user id
  std::string name;  // for people; may be empty
  bool operator==(const Owner&) const = default;
};

// The groups there are.
inline constexpr std::string_view all_users = "http://acs.amazonaws.com/groups/global/AllUsers";
inline constexpr std::string_view authenticated_users = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
inline constexpr std::string_view log_delivery = "http://acs.amazonaws.com/groups/s3/LogDelivery";

struct Grant {
  enum class To : std::uint8_t { user, email, group };

  To to = To::user;
  std::string grantee{};  // canonical user id, e-mail address, or the group's URI
  Permission permission = Permission::read;
  std::string name{};  // of a user, as the service tells; for people

  // Amazon takes no new grants to addresses since October 2025 (405 MethodNotAllowed); other services may.
  static Grant to_email(std::string address, Permission permission) {
    return {To::email, std::move(address), permission};
  }
  static Grant to_user(std::string id, Permission permission) { return {To::user, std::move(id), permission}; }
  static Grant to_group(std::string_view uri, Permission permission) {
    return {To::group, std::string(uri), permission};
  }
  bool operator==(const Grant&) const = default;
};

// An access control list with whom the bucket or object belongs to.
struct Acl {
  Owner owner;
  std::vector<Grant> grants;

  // The document S3 keeps, and back. Errors of from_xml: invalid_argument naming what is wrong.
  std::string to_xml() const;
  static Result<Acl> from_xml(std::string_view text);
  bool operator==(const Acl&) const = default;
};

// "private", "public-read", ...: those of buckets, of objects, or of both.
std::span<const std::string_view> canned_acls() noexcept;

// Whether a bucket keeps what is replaced and removed. Once it did, it can only be suspended.
enum class Versioning : std::uint8_t { never, enabled, suspended };

// One line of a listing of versions.
struct Version {
  std::string key{};  // of a group: the common prefix, delimiter included
  std::string id{};   // "null" of what was stored while the bucket kept no versions
  bool is_latest = false;
  bool is_delete_marker = false;
  bool is_prefix = false;
  std::uint64_t size = 0;
  std::optional<SystemTime> modified{};
  std::string etag{};
};

// What a removal left behind where versions are kept.
struct Removed {
  std::string version;            // removed for good, or of the marker that was put on top; empty without versions
  bool is_delete_marker = false;  // whether that version is (or was) a marker
};

}  // namespace orlop::s3
