#include "backends/s3/wire.h"

#include <fmt/core.h>

#include <algorithm>
#include <pugixml.hpp>

#include "backends/s3/dialect.h"
#include "backends/s3/errors.h"
#include "backends/s3/reply.h"
#include "net/http.h"
#include "wire/encoding.h"
#include "wire/number.h"
#include "wire/percent.h"
#include "wire/xml.h"

namespace orlop::s3 {
namespace {

using wire::child_text;
using wire::XmlDocument;

Result<Entry> parse_object(const pugi::xml_node& node, const KeyDecoder& decode) {
  Entry entry;
  ORLOP_ASSIGN(entry.key, decode(child_text(node, "Key")));
  auto size = wire::parse_number(child_text(node, "Size"));
  if (entry.key.empty() || !size) return wrong_answer(200, "an object of the listing has no key or no size");
  entry.size = *size;
  entry.modified = parse_time(child_text(node, "LastModified"));
  entry.etag = child_text(node, "ETag");
  return entry;
}

Result<Entry> parse_group(const pugi::xml_node& node, const KeyDecoder& decode) {
  Entry entry;
  entry.is_prefix = true;
  ORLOP_ASSIGN(entry.key, decode(child_text(node, "Prefix")));
  if (entry.key.empty()) return wrong_answer(200, "a group of the listing has no name");
  return entry;
}

std::optional<Checksum> parse_sum(const pugi::xml_node& node) {
  for (std::string_view name : {"CRC64NVME", "CRC32C", "CRC32", "SHA256", "SHA1"}) {
    auto bytes = wire::decode_base64(child_text(node, fmt::format("Checksum{}", name)));
    if (bytes && !bytes->empty()) return Checksum{parse_checksum(name), *std::move(bytes)};
  }
  return std::nullopt;
}

Result<Part> parse_part(const pugi::xml_node& node) {
  Part part;
  part.etag = child_text(node, "ETag");
  auto index = wire::parse_number<std::uint32_t>(child_text(node, "PartNumber"));
  auto size = wire::parse_number(child_text(node, "Size"));
  if (!index || !size || part.etag.empty()) return wrong_answer(200, "a part of the listing is incomplete");
  part.index = *index;
  part.size = *size;
  part.checksum = parse_sum(node);
  return part;
}

constexpr std::string_view word_start = "=?UTF-8?B?";
constexpr std::string_view word_end = "?=";

}  // namespace

std::string delete_body(std::span<const std::string_view> keys) {
  wire::XmlWriter xml;
  xml.open("Delete", xmlns);
  for (std::string_view key : keys) xml.open("Object").text("Key", key).close("Object");
  xml.close("Delete");
  return std::move(xml).take();
}

std::string complete_body(std::span<const Part> parts) {
  wire::XmlWriter xml;
  xml.open("CompleteMultipartUpload", xmlns);
  for (const Part& part : parts) {
    xml.open("Part").text("PartNumber", std::to_string(part.index)).text("ETag", part.etag);
    if (part.checksum) {
      xml.text(fmt::format("Checksum{}", xml_name(part.checksum->algorithm)),
               wire::encode_base64(as_bytes(part.checksum->bytes)));
    }
    xml.close("Part");
  }
  xml.close("CompleteMultipartUpload");
  return std::move(xml).take();
}

std::string create_bucket_body(std::string_view region) {
  wire::XmlWriter xml;
  xml.open("CreateBucketConfiguration", xmlns).text("LocationConstraint", region).close("CreateBucketConfiguration");
  return std::move(xml).take();
}

Result<ListReply> parse_list(std::string_view body) {
  ORLOP_ASSIGN(XmlDocument document, open_reply(body, "ListBucketResult"));
  const pugi::xml_node root = document.root();
  if (!wire::has_child(root, "IsTruncated"))
    return wrong_answer(200, "the listing does not say whether it is complete");
  ListReply reply;
  reply.truncated = flag(child_text(root, "IsTruncated"));
  reply.token = child_text(root, "NextContinuationToken");
  KeyDecoder decode(root);
  ORLOP_ASSIGN(reply.marker, decode(child_text(root, "NextMarker")));
  for (const pugi::xml_node& node : root.children()) {
    std::string_view name = wire::local_name(node);
    if (name == "Contents") {
      ORLOP_ASSIGN(Entry entry, parse_object(node, decode));
      reply.entries.push_back(std::move(entry));
    } else if (name == "CommonPrefixes") {
      ORLOP_ASSIGN(Entry entry, parse_group(node, decode));
      reply.entries.push_back(std::move(entry));
    }
  }
  return reply;
}

Result<DeleteReply> parse_delete(std::string_view body) {
  ORLOP_ASSIGN(XmlDocument document, open_reply(body, "DeleteResult"));
  DeleteReply reply;
  for (const pugi::xml_node& node : document.root().children()) {
    std::string key(child_text(node, "Key"));
    if (wire::local_name(node) == "Deleted") {
      reply.deleted.push_back(std::move(key));
    } else if (wire::local_name(node) == "Error") {
      reply.failures.push_back(
          {std::move(key), std::string(child_text(node, "Code")), std::string(child_text(node, "Message"))});
    }
  }
  return reply;
}

Result<std::string> parse_upload_id(std::string_view body) {
  ORLOP_ASSIGN(XmlDocument document, open_reply(body, "InitiateMultipartUploadResult"));
  std::string id(child_text(document.root(), "UploadId"));
  if (id.empty()) return wrong_answer(200, "the answer has no UploadId");
  return id;
}

Result<EtagReply> parse_etag(std::string_view body, std::string_view root_name, std::string_view other_root) {
  ORLOP_ASSIGN(XmlDocument document, open_reply(body, root_name, other_root));
  const pugi::xml_node root = document.root();
  if (!wire::has_child(root, "ETag")) return wrong_answer(200, "the answer has no ETag");
  return EtagReply{std::string(child_text(root, "ETag")), std::string(child_text(root, "LastModified")),
                   parse_sum(root)};
}

Result<PartsReply> parse_parts(std::string_view body) {
  ORLOP_ASSIGN(XmlDocument document, open_reply(body, "ListPartsResult"));
  const pugi::xml_node root = document.root();
  PartsReply reply;
  reply.truncated = flag(child_text(root, "IsTruncated"));
  reply.marker = child_text(root, "NextPartNumberMarker");
  for (const pugi::xml_node& node : root.children()) {
    if (wire::local_name(node) != "Part") continue;
    ORLOP_ASSIGN(Part part, parse_part(node));
    reply.parts.push_back(std::move(part));
  }
  return reply;
}

Result<UploadsReply> parse_uploads(std::string_view body) {
  ORLOP_ASSIGN(XmlDocument document, open_reply(body, "ListMultipartUploadsResult"));
  UploadsReply reply;
  for (const pugi::xml_node& node : document.root().children()) {
    if (wire::local_name(node) != "Upload") continue;
    reply.uploads.push_back({std::string(child_text(node, "Key")), std::string(child_text(node, "UploadId")),
                             parse_time(child_text(node, "Initiated"))});
  }
  return reply;
}

std::string encode_metadata(std::string_view value) {
  auto plain = [](unsigned char c) { return c >= 0x20 && c < 0x7f; };
  bool survives = std::ranges::all_of(value, plain) && value.find("=?") == std::string_view::npos &&
                  value.find("  ") == std::string_view::npos && !value.starts_with(' ') && !value.ends_with(' ');
  if (survives) return std::string(value);
  return fmt::format("{}{}{}", word_start, wire::encode_base64(as_bytes(value)), word_end);
}

std::string decode_metadata(std::string_view value) {
  // RFC 2047 section 2: =?charset?encoding?text?=, several of them joined by blanks that do not count.
  std::string decoded;
  while (!value.empty()) {
    while (!decoded.empty() && value.starts_with(' ')) value.remove_prefix(1);
    std::size_t end = value.find(word_end, std::min(value.size(), word_start.size()));
    std::string head(value.substr(0, std::min(value.size(), word_start.size())));
    std::ranges::transform(head, head.begin(), [](unsigned char c) { return std::toupper(c); });
    if (end == std::string_view::npos || (head != word_start && head != "=?UTF-8?Q?"))
      return decoded + std::string(value);
    std::string text(value.substr(word_start.size(), end - word_start.size()));
    value.remove_prefix(end + word_end.size());
    Result<std::string> bytes = std::string{};
    if (head == word_start) {
      bytes = wire::decode_base64(text);
    } else {
      std::string escaped;  // section 4.2: "_" is a blank, "=" introduces two hex digits
      for (char c : text)
        escaped += c == '_' ? std::string(" ") : c == '=' ? "%" : c == '%' ? "%25" : std::string(1, c);
      bytes = wire::decode_percent(escaped);
    }
    if (!bytes) return decoded + text;
    decoded += *bytes;
  }
  return decoded;
}

}  // namespace orlop::s3
