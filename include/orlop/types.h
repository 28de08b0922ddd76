// The nouns of the interface: what is known of an object, which bytes, under which condition.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orlop/result.h"

namespace orlop {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;
using SystemTime = std::chrono::sys_time<std::chrono::microseconds>;  // UTC
using StringMap = std::map<std::string, std::string, std::less<>>;

inline Bytes as_bytes(std::string_view text) noexcept { return std::as_bytes(std::span(text.data(), text.size())); }
inline std::string_view as_text(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

enum class ChecksumAlgorithm : std::uint8_t { none, crc32, crc32c, crc64nvme, sha1, sha256, md5 };
std::string_view to_string(ChecksumAlgorithm algorithm) noexcept;  // as spelled above

// A checksum of the whole object's content, in the algorithm's usual big-endian bytes.
struct Checksum {
  ChecksumAlgorithm algorithm = ChecksumAlgorithm::none;
  std::string bytes;
  bool operator==(const Checksum&) const = default;
};

// What a writer says of an object besides its bytes; what a reader is told of it.
struct Attrs {
  std::string content_type{};
  std::string content_encoding{};
  std::string content_language{};
  std::string content_disposition{};
  std::string cache_control{};
  std::string expires{};  // as the service spells it (an HTTP date for HTTP services)
  StringMap user{};       // the user's own metadata; names are lower-case ASCII, values UTF-8
  // What only one protocol knows, by that protocol's name of it ("StorageClass", "ServerSideEncryption", ...).
  // The driver checks each name and refuses one it does not know with invalid_argument.
  StringMap provider{};
  bool operator==(const Attrs&) const = default;
};

// Facts of a stored object. Services differ: only `size` is always known.
struct Meta {
  std::uint64_t size = 0;  // bytes as stored
  std::optional<SystemTime> modified;
  std::optional<SystemTime> created;
  // Opaque, as the service gives it, quotes included; changes whenever the content does. Some give none.
  std::string etag;
  std::string version;  // id of this version where versions are kept
  Attrs attrs;
  std::optional<Checksum> checksum;  // of the whole content, when the service tells
};

// Which bytes of an object: all, from an offset, a bounded piece, or the last n.
class Range {
 public:
  enum class Kind : std::uint8_t { all, from, bounded, suffix };

  static Range all() noexcept { return {}; }
  static Range from(std::uint64_t offset) noexcept { return {offset == 0 ? Kind::all : Kind::from, offset, 0}; }
  static Range bounded(std::uint64_t offset, std::uint64_t length) noexcept { return {Kind::bounded, offset, length}; }
  static Range suffix(std::uint64_t length) noexcept { return {Kind::suffix, 0, length}; }

  Kind kind() const noexcept { return kind_; }
  std::uint64_t offset() const noexcept { return offset_; }
  std::uint64_t length() const noexcept { return length_; }  // meaningful for bounded and suffix
  bool operator==(const Range&) const = default;

  // The bytes of an object of `size` that this means, as [begin, end): a piece reaching past the end is cut.
  // range_not_satisfiable when it starts at or behind the end (an empty object included), as HTTP has it;
  // `all` is always satisfiable.
  struct Extent {
    std::uint64_t begin;
    std::uint64_t end;
  };
  Result<Extent> resolve(std::uint64_t size) const;

 private:
  Range() = default;
  Range(Kind kind, std::uint64_t offset, std::uint64_t length) noexcept
      : kind_(kind), offset_(offset), length_(length) {}

  Kind kind_ = Kind::all;
  std::uint64_t offset_ = 0;
  std::uint64_t length_ = 0;
};

// What must hold of the object for a read to be carried out. Empty members ask nothing.
struct Conditions {
  std::string if_match{};                           // etag; else precondition_failed
  std::string if_none_match{};                      // etag; else not_modified
  std::optional<SystemTime> if_modified_since{};    // else not_modified
  std::optional<SystemTime> if_unmodified_since{};  // else precondition_failed
  bool empty() const noexcept {
    return if_match.empty() && if_none_match.empty() && !if_modified_since && !if_unmodified_since;
  }
};

enum class PutMode : std::uint8_t {
  overwrite,  // replace whatever is there
  create,     // only if nothing is there; else already_exists
  match,      // only if what is there has the given etag; else precondition_failed
};

// The bytes of an upload: of known size and readable again from any offset, so that an attempt can be repeated.
// A view: memory or descriptor belong to the caller and must stay as they are until the call returns.
class Payload {
 public:
  Payload() noexcept = default;  // empty
  static Payload bytes(Bytes bytes) noexcept;
  static Payload text(std::string_view text) noexcept { return bytes(as_bytes(text)); }
  static Payload file(int fd, std::uint64_t offset, std::uint64_t length) noexcept;  // read with pread(2)

  std::uint64_t size() const noexcept { return size_; }
  Payload slice(std::uint64_t offset, std::uint64_t length) const noexcept;  // cut at the end
  // The whole payload when it is in memory, else nullopt.
  std::optional<Bytes> contiguous() const noexcept;
  // Fills `out` from `offset`; fewer bytes only at the end. A file that became shorter is data_corrupted.
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes out) const;

 private:
  const std::byte* memory_ = nullptr;
  int fd_ = -1;
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
};

// One line of a listing: an object, or a group of objects that share a name up to the delimiter.
struct Entry {
  std::string key;  // of a group: the common prefix, delimiter included
  bool is_prefix = false;
  std::uint64_t size = 0;
  std::optional<SystemTime> modified;
  std::string etag;
};

struct Page {
  std::vector<Entry> entries;
  std::string next;  // token of the page after this one; empty: this is the last
};

enum class SignedMethod : std::uint8_t { get, head, put, remove, post };

// A request that somebody else can send: a browser, curl. The url of a get is complete in itself.
struct Presigned {
  std::string method;
  std::string url;
  StringMap headers;                                        // must be sent as they are
  std::vector<std::pair<std::string, std::string>> fields;  // of a POST form, in order
  // How long it is good from when it was signed: less than was asked for where the credentials end sooner.
  std::chrono::seconds expires{0};
};

}  // namespace orlop
