// What a driver can do, as data: flags of two kinds, and limits.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string_view>

namespace orlop {

enum class Cap : std::uint8_t {
  // Guards: ignoring one would change data, so a request that needs an unclaimed one fails before any I/O
  // (the check layer answers `unsupported`).
  read_suffix,      // ranges that count from the end
  read_conditions,  // Conditions on stat and read
  put_create,       // PutMode::create, decided by the store: one winner among any number of writers
  put_match,        // PutMode::match
  write_create,     // the same two on write()
  write_match,
  versions,  // version ids on stat, read and remove
  copy,      // copy() on the server
  copy_create,
  move,
  move_atomic,  // observers see the old name or the new one, never both or neither
  public_url,
  presign_get,
  presign_put,
  presign_post,
  presign_checksum,  // a presigned put or post may be bound to a checksum; who compares it refuses other content
  multipart,
  // Hints: absence loses comfort, not data.
  put_atomic,  // no observer sees a part of a put or an overwrite half done
  content_type,
  attrs,  // the other members of Attrs that HTTP knows
  user_metadata,
  etag,
  list_sorted,  // entries come in byte order of their keys
  start_after,
  checksum,  // content is verified against a checksum on the way in
  count_,
};

std::string_view to_string(Cap cap) noexcept;
std::optional<Cap> parse_cap(std::string_view name) noexcept;

class Caps {
 public:
  constexpr Caps() noexcept = default;
  constexpr Caps(std::initializer_list<Cap> caps) noexcept {
    for (Cap cap : caps) add(cap);
  }
  constexpr bool has(Cap cap) const noexcept { return (bits_ >> static_cast<unsigned>(cap)) & 1U; }
  constexpr Caps& add(Cap cap) noexcept { return bits_ |= bit(cap), *this; }
  constexpr Caps& remove(Cap cap) noexcept { return bits_ &= ~bit(cap), *this; }
  constexpr bool operator==(const Caps&) const noexcept = default;

 private:
  static constexpr std::uint64_t bit(Cap cap) noexcept { return std::uint64_t{1} << static_cast<unsigned>(cap); }
  std::uint64_t bits_ = 0;
};

// Sizes in bytes.
struct Limits {
  static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t key_bytes = none;
  std::uint64_t put_max = none;  // the largest payload of one put()
  std::uint64_t part_min = 0;    // every part but the last
  std::uint64_t part_max = none;
  std::uint64_t parts_max = none;  // parts of one upload
  std::uint64_t object_max = none;
  std::uint64_t copy_max = none;      // the largest object one copy request can take; copy() itself has no such limit
  std::uint64_t remove_batch = none;  // keys of one remove()
  std::uint64_t page_max = none;      // entries of one page
};

}  // namespace orlop
