#include "server/ops/common.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "wire/date.h"
#include "wire/encoding.h"
#include "wire/percent.h"

namespace orlop::server::ops {
namespace {

constexpr std::string_view meta_prefix = "x-amz-meta-";
constexpr std::size_t largest_metadata = 2048;  // names and values of the user's metadata

constexpr auto storage_classes = std::to_array<std::string_view>(
    {"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE",
     "GLACIER_IR", "OUTPOSTS", "SNOW", "EXPRESS_ONEZONE"});

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What a client says of the coding on the wire is not the object's.
std::string without_aws_chunked(std::string_view encoding) {
  std::string result;
  while (!encoding.empty()) {
    std::string_view item = encoding.substr(0, encoding.find(','));
    encoding.remove_prefix(std::min(item.size() + 1, encoding.size()));
    item = trim(item);
    if (item.empty() || same_text(item, "aws-chunked")) continue;
    if (!result.empty()) result += ',';
    result += item;
  }
  return result;
}

std::optional<SystemTime> date_header(const Request& request, std::string_view name) {
  auto time = wire::parse_http_date(request.header(name));
  return time ? std::optional(*time) : std::nullopt;
}

bool parse_digits(std::string_view text, std::uint64_t& out) {
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && failure == std::errc() && end == text.data() + text.size();
}

}  // namespace

Reply xml_reply(const XmlAnswer& answer) {
  Reply reply;
  reply.headers.add("content-type", "application/xml");
  reply.body = answer.text();
  return reply;
}

Reply no_content() { return Reply{.status = 204, .headers = {}, .body = {}, .stream = nullptr}; }

Result<Attrs> attrs_in(const Headers& headers, const OwnNames& own) {
  Attrs attrs;
  attrs.content_type = headers.get("content-type");
  if (attrs.content_type.empty()) attrs.content_type = "binary/octet-stream";
  attrs.content_encoding = without_aws_chunked(headers.get("content-encoding"));
  attrs.content_language = headers.get("content-language");
  attrs.content_disposition = headers.get("content-disposition");
  attrs.cache_control = headers.get("cache-control");
  attrs.expires = headers.get("expires");
  std::size_t size = 0;
  for (const auto& [name, value] : headers) {
    if (!name.starts_with(meta_prefix)) continue;
    std::string key = name.substr(meta_prefix.size());
    size += key.size() + value.size();
    if (key == own.facts || key.empty()) return s3_error("InvalidArgument", "This name of metadata is reserved");
    attrs.user.insert_or_assign(std::move(key), headers.joined(name));
  }
  if (size > largest_metadata) return s3_error("MetadataTooLarge");
  return attrs;
}

Result<std::string> check_tags(std::string_view query_string, std::size_t most) {
  StringMap tags;
  while (!query_string.empty()) {
    std::string_view item = query_string.substr(0, query_string.find('&'));
    query_string.remove_prefix(std::min(item.size() + 1, query_string.size()));
    std::size_t equals = item.find('=');
    auto name = wire::decode_form(item.substr(0, equals));
    auto value = wire::decode_form(equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1));
    if (!name || !value || name->empty() || name->size() > 128 * 4 || value->size() > 256 * 4)
      return s3_error("InvalidTag");
    if (!valid_utf8(*name) || !valid_utf8(*value)) return s3_error("InvalidTag");
    if (!tags.emplace(*std::move(name), *std::move(value)).second) {
      return s3_error("InvalidTag", "Cannot provide multiple Tags with the same key");
    }
  }
  if (tags.size() > most) return s3_error("InvalidTag", fmt::format("There cannot be more than {} tags", most));
  return encode_record(tags);
}

Result<std::string> tags_in_document(std::string_view text, std::size_t most) {
  pugi::xml_document document;
  ORLOP_TRY(parse_xml(text, "Tagging", document));
  std::string query;
  for (pugi::xml_node tag : document.document_element().child("TagSet").children("Tag")) {
    if (!query.empty()) query += '&';
    query += wire::encode_query(tag.child_value("Key")) + '=' + wire::encode_query(tag.child_value("Value"));
  }
  return check_tags(query, most);
}

Reply tags_reply(std::string_view tags) {
  XmlAnswer answer("Tagging");
  pugi::xml_node set = answer.root().append_child("TagSet");
  for (const auto& [name, value] : decode_record(tags)) {
    pugi::xml_node tag = set.append_child("Tag");
    add(tag, "Key", name);
    add(tag, "Value", value);
  }
  return xml_reply(answer);
}

Reply acl_reply(std::string_view acl) {
  XmlAnswer answer("AccessControlPolicy");
  describe_acl(answer.root(), acl);
  return xml_reply(answer);
}

Result<std::string> acl_wanted(Call& call) {
  ORLOP_ASSIGN(auto named, acl_in(call.request.headers));
  ORLOP_ASSIGN(std::string text, call.document());
  if (!named) return acl_in_document(text);
  if (!trim(text).empty()) return s3_error("UnexpectedContent");
  return *std::move(named);
}

Result<void> check_listing(const Call& call, Objects& objects) {
  if (!call.identity.anonymous) return {};
  ORLOP_ASSIGN(Facts facts, objects.bucket_facts());
  if (everybody_may(facts.acl, "READ")) return {};
  return s3_error("AccessDenied");
}

Result<Facts> facts_in(const Headers& headers) {
  Facts facts;
  ORLOP_ASSIGN(auto acl, acl_in(headers));
  facts.acl = acl.value_or("");
  facts.storage_class = headers.get("x-amz-storage-class");
  if (!facts.storage_class.empty() && !contains(storage_classes, facts.storage_class))
    return s3_error("InvalidStorageClass");
  if (facts.storage_class == "STANDARD") facts.storage_class.clear();
  ORLOP_ASSIGN(facts.tags, check_tags(headers.get("x-amz-tagging")));
  return facts;
}

Result<WriteConditions> write_conditions(const Request& request) {
  WriteConditions conditions;
  conditions.if_match = request.header("if-match");
  std::string_view none = request.header("if-none-match");
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: only "*" is supported.
  if (!none.empty() && trim(none) != "*") return s3_error("NotImplemented");
  conditions.absent = !none.empty();
  return conditions;
}

Result<void> check_read_conditions(const Request& request, std::string_view prefix, const Object& object,
                                   Details& details) {
  auto name = [&](std::string_view condition) { return fmt::format("{}{}", prefix, condition); };
  auto failed = [&](std::string_view condition) {
    details.emplace_back("Condition", condition);
    return s3_error("PreconditionFailed");
  };
  // Dates of HTTP have whole seconds.
  auto modified = std::chrono::floor<std::chrono::seconds>(object.meta.modified.value_or(SystemTime{}));
  std::string_view etag = object.meta.etag;
  bool copying = !prefix.empty();
  // RFC 9110 section 13.2.2: an etag's verdict makes the date beside it meaningless.
  if (std::string match = name("if-match"); request.headers.has(match)) {
    if (!etag_matches(request.header(match), etag)) return failed("If-Match");
  } else if (auto since = date_header(request, name("if-unmodified-since")); since && modified > *since) {
    return failed("If-Unmodified-Since");
  }
  if (std::string none = name("if-none-match"); request.headers.has(none)) {
    if (!etag_matches(request.header(none), etag)) return {};
    return copying ? failed("If-None-Match") : s3_error("NotModified");
  }
  if (auto since = date_header(request, name("if-modified-since")); since && modified <= *since) {
    return copying ? failed("If-Modified-Since") : s3_error("NotModified");
  }
  return {};
}

void describe_object(Headers& headers, const Object& object) {
  const Attrs& attrs = object.meta.attrs;
  headers.add("etag", object.meta.etag);
  if (object.meta.modified) headers.add("last-modified", wire::format_http_date(*object.meta.modified));
  headers.add("content-type", attrs.content_type.empty() ? "binary/octet-stream" : attrs.content_type);
  auto optional = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) headers.add(name, value);
  };
  optional("content-encoding", attrs.content_encoding);
  optional("content-language", attrs.content_language);
  optional("content-disposition", attrs.content_disposition);
  optional("cache-control", attrs.cache_control);
  optional("expires", attrs.expires);
  optional("x-amz-storage-class", object.facts.storage_class);
  for (const auto& [name, value] : attrs.user) headers.add(std::string(meta_prefix) + name, value);
  if (const std::string& tags = object.facts.tags; !tags.empty()) {
    headers.add("x-amz-tagging-count", std::to_string(1 + std::count(tags.begin(), tags.end(), '&')));
  }
}

std::string checksum_text(const Facts& facts) {
  std::string text = wire::encode_base64(as_bytes(facts.checksum.bytes));
  if (facts.composite_parts > 0) text += fmt::format("-{}", facts.composite_parts);
  return text;
}

void add_checksum(Headers& headers, const Facts& facts) {
  std::string_view name = checksum_header(facts.checksum.algorithm);
  if (name.empty()) return;
  headers.add(name, checksum_text(facts));
  headers.add("x-amz-checksum-type", facts.composite_parts > 0 ? "COMPOSITE" : "FULL_OBJECT");
}

void add_checksum(pugi::xml_node parent, const Facts& facts) {
  std::string_view name = checksum_name(facts.checksum.algorithm);
  if (name.empty()) return;
  add(parent, fmt::format("Checksum{}", name).c_str(), checksum_text(facts));
  add(parent, "ChecksumType", facts.composite_parts > 0 ? "COMPOSITE" : "FULL_OBJECT");
}

Result<std::uint64_t> parse_number(std::string_view text, std::string_view name, std::uint64_t most) {
  std::uint64_t number = 0;
  if (parse_digits(text, number) && number <= most) return number;
  return s3_error("InvalidArgument", fmt::format("Argument {} must be an integer between 0 and {}", name, most));
}

std::optional<Range> parse_range(std::string_view header) {
  // RFC 9110 section 14.1.2.
  if (!header.starts_with("bytes=")) return std::nullopt;
  header.remove_prefix(6);
  std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::string_view from = trim(header.substr(0, dash));
  std::string_view to = trim(header.substr(dash + 1));
  if (from.empty()) return parse_digits(to, last) ? std::optional(Range::suffix(last)) : std::nullopt;
  if (!parse_digits(from, first)) return std::nullopt;
  // The whole object from its first byte on is a range nonetheless: it is answered with 206.
  if (to.empty()) return Range::bounded(first, std::numeric_limits<std::uint64_t>::max() - first);
  if (!parse_digits(to, last) || last < first) return std::nullopt;
  return Range::bounded(first, std::min(last, std::numeric_limits<std::uint64_t>::max() - 1) - first + 1);
}

Result<std::optional<Range::Extent>> resolve_range(std::string_view header, std::uint64_t size) {
  auto range = parse_range(header);
  if (!range) return std::optional<Range::Extent>();
  auto extent = range->resolve(size);
  if (!extent) return s3_error("InvalidRange");
  return std::optional(*extent);
}

Result<CopySource> copy_source(const Request& request) {
  std::string_view text = request.header("x-amz-copy-source");
  std::size_t version = text.find("?versionId=");
  if (version != std::string_view::npos && text.substr(version + 11) != "null") return s3_error("NoSuchVersion");
  auto decoded = wire::decode_percent(text.substr(0, version));
  if (!decoded)
    return s3_error("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  std::string_view path = *decoded;
  if (path.starts_with('/')) path.remove_prefix(1);
  std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || slash + 1 == path.size() || !valid_utf8(path)) {
    return s3_error("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  }
  return CopySource{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

}  // namespace orlop::server::ops
