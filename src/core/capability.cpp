// The names of the capability flags.
#include "orlop/capability.h"

#include <algorithm>
#include <array>

namespace orlop {

namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Cap::count_)> cap_names = {
    "read_suffix",  "read_conditions",  "put_create",  "put_match",   "write_create", "write_match", "versions",
    "copy",         "copy_create",      "move",        "move_atomic", "public_url",   "presign_get", "presign_put",
    "presign_post", "presign_checksum", "multipart",   "put_atomic",  "content_type", "attrs",       "user_metadata",
    "etag",         "list_sorted",      "start_after", "checksum",
};

}  // namespace

std::string_view to_string(Cap cap) noexcept {
  auto index = static_cast<std::size_t>(cap);
  return index < cap_names.size() ? cap_names[index] : std::string_view{};
}

std::optional<Cap> parse_cap(std::string_view name) noexcept {
  auto found = std::find(cap_names.begin(), cap_names.end(), name);
  if (found == cap_names.end() || name.empty()) return std::nullopt;
  return static_cast<Cap>(found - cap_names.begin());
}

}  // namespace orlop
