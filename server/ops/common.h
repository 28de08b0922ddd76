// What several operations need: attributes and conditions from headers, headers from objects.
#pragma once

#include "server/acl.h"
#include "server/ops/ops.h"

namespace orlop::server::ops {

Reply xml_reply(const XmlAnswer& answer);
Reply no_content();

// What a client wants kept with an object, from the headers of a request (or the fields of a form).
// Errors: MetadataTooLarge, InvalidArgument, InvalidTag, InvalidStorageClass.
Result<Attrs> attrs_in(const Headers& headers, const OwnNames& own);
// acl, tags and storage class.
Result<Facts> facts_in(const Headers& headers);
inline constexpr std::size_t most_object_tags = 10;
inline constexpr std::size_t most_bucket_tags = 50;

// Errors: InvalidTag.
Result<std::string> check_tags(std::string_view query_string, std::size_t most = most_object_tags);

// Those of a <Tagging> document, and back. Errors: MalformedXML, InvalidTag.
Result<std::string> tags_in_document(std::string_view text, std::size_t most = most_object_tags);
Reply tags_reply(std::string_view tags);

Reply acl_reply(std::string_view acl);
// The list a PutObjectAcl or PutBucketAcl brings, in headers or as a document, as it is kept.
Result<std::string> acl_wanted(Call& call);

// Whether who asks may see what is in the bucket. Errors: AccessDenied.
Result<void> check_listing(const Call& call, Objects& objects);

// If-Match and If-None-Match of a request that writes. Errors: NotImplemented for an If-None-Match of an etag.
Result<WriteConditions> write_conditions(const Request& request);

// The four conditions of a request that reads; `prefix` is put before their names.
// Errors: PreconditionFailed, NotModified.
Result<void> check_read_conditions(const Request& request, std::string_view prefix, const Object& object,
                                   Details& details);

// Headers of an answer that describe `object`.
void describe_object(Headers& headers, const Object& object);
// Of its checksum; the text of a composite one ends in "-<parts>".
void add_checksum(Headers& headers, const Facts& facts);
void add_checksum(pugi::xml_node parent, const Facts& facts);
std::string checksum_text(const Facts& facts);

// A whole number of decimal digits in [0, most]; InvalidArgument otherwise.
Result<std::uint64_t> parse_number(std::string_view text, std::string_view name, std::uint64_t most);

// "bytes=..." as [begin, end) of `size`: nullopt when it is malformed or of several pieces, and so to be ignored.
// Errors: InvalidRange.
Result<std::optional<Range::Extent>> resolve_range(std::string_view header, std::uint64_t size);
// The same before the size is known.
std::optional<Range> parse_range(std::string_view header);

// The object that x-amz-copy-source names. Errors: InvalidArgument, NoSuchVersion.
struct CopySource {
  std::string bucket;
  std::string key;
};
Result<CopySource> copy_source(const Request& request);

}  // namespace orlop::server::ops
