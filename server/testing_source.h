// For tests: a text that arrives in pieces.
#pragma once

#include <algorithm>

#include "server/http/message.h"

namespace orlop::server {

class TextSource final : public ByteSource {
 public:
  TextSource(std::string_view text, std::size_t step) : rest_(text), step_(step) {}

  Result<std::size_t> read(MutableBytes out) override {
    std::size_t count = std::min({out.size(), step_, rest_.size()});
    std::ranges::copy(as_bytes(rest_.substr(0, count)), out.begin());
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
  std::size_t step_;
};

}  // namespace orlop::server
