// Access control lists: canned names, headers and documents as grants, and the line of text they are kept as.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.h"
#include "server/xml.h"

namespace orlop::server {

// The account everything belongs to.
inline constexpr std::string_view owner_id = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a";
inline constexpr std::string_view owner_name = "orlop";
inline constexpr std::string_view owner_email = "owner@orlop.example";

struct Grant {
  std::string grantee;  // an account's id, or the URI of a group
  std::string permission;

  bool to_group() const noexcept { return grantee.find(':') != std::string::npos; }
};

// What is kept: empty for a private list, a canned name, or grants one by one.
std::vector<Grant> grants_of(std::string_view acl);
bool everybody_may(std::string_view acl, std::string_view permission);

// The list that x-amz-acl or x-amz-grant-* ask for, as it is kept; nothing without such a header.
// Errors: InvalidArgument, InvalidRequest for both at once.
Result<std::optional<std::string>> acl_in(const Headers& headers);
// Of an AccessControlPolicy. Errors: MalformedXML, MalformedACLError, AccessDenied for another owner.
Result<std::string> acl_in_document(std::string_view text);

// Fills an AccessControlPolicy.
void describe_acl(pugi::xml_node root, std::string_view acl);
void add_owner(pugi::xml_node parent, const char* name);

}  // namespace orlop::server
