// What S3 clients are told of an object and a driver does not know: its MD5 etag, its checksum, its parts, its ACL.
// Kept in one entry of the driver's user metadata (OwnNames::facts), so that it appears and vanishes with the object,
// atomically.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orlop/types.h"

namespace orlop::server {

// Lengths of parts in order, equal neighbours counted: most uploads have one length and a rest.
struct PartRun {
  std::uint64_t count;
  std::uint64_t size;
  bool operator==(const PartRun&) const = default;
};

struct Facts {
  std::uint64_t size = 0;  // of the object these facts are about; others are stale
  std::string etag;        // without quotes: MD5 of the content, or "MD5 of the parts' MD5s"-count
  Checksum checksum;
  std::uint32_t composite_parts = 0;  // >0: the checksum is one of the checksums of that many parts
  std::vector<PartRun> parts;         // empty unless uploaded in parts
  std::string acl;                    // canned; empty: private
  std::string tags;                   // as a query string
  std::string storage_class;          // empty: STANDARD

  std::uint64_t part_count() const noexcept;
  // The bytes of part `number`, from 1, as [begin, end).
  std::optional<Range::Extent> part(std::uint64_t number) const noexcept;
};

// A few entries as one line of printable ASCII, and back. Unknown text gives no entries.
std::string encode_record(const StringMap& record);
StringMap decode_record(std::string_view text);

std::string encode_facts(const Facts& facts);
std::optional<Facts> decode_facts(std::string_view text);

// Attributes as entries of a record ("content-type", "meta-color", ...), and back.
void add_attrs(StringMap& record, const Attrs& attrs);
Attrs take_attrs(const StringMap& record);

std::string encode_checksum(const Checksum& checksum);  // "CRC32:base64"; empty for none
Checksum decode_checksum(std::string_view text);

}  // namespace orlop::server
