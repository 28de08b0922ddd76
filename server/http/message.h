// A request's head and an answer's, as far as HTTP goes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orlop/types.h"

namespace orlop::server {

// Headers in order. Names are kept in lower case.
class Headers {
 public:
  void add(std::string_view name, std::string_view value);
  // Replaces what there is under `name`.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);  // in lower case
  // The first of that name; empty when absent. `name` in lower case.
  std::string_view get(std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept;
  // All values of `name`, joined as RFC 9110 section 5.3 joins them.
  std::string joined(std::string_view name) const;
  auto begin() const noexcept { return list_.begin(); }
  auto end() const noexcept { return list_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> list_;
};

struct RequestHead {
  std::string method;
  std::string target;  // as sent
  Headers headers;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;  // Transfer-Encoding: chunked
  bool keep_alive = true;
};

// Bytes that arrive, in order.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // 0 at the end only.
  virtual Result<std::size_t> read(MutableBytes out) = 0;
};

std::string lower(std::string_view text);
std::string_view trim(std::string_view text) noexcept;
bool same_text(std::string_view a, std::string_view b) noexcept;  // without regard to ASCII case

}  // namespace orlop::server
