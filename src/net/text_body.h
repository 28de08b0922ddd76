// A text as a request body.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>

#include "net/http.h"

namespace orlop::net {

// `text` must outlive the body.
class TextBody final : public BodySource {
 public:
  explicit TextBody(std::string_view text) : text_(text) {}
  std::uint64_t size() const noexcept override { return text_.size(); }
  Result<std::size_t> read(MutableBytes out) override {
    const std::size_t count = std::min(out.size(), text_.size() - at_);
    std::memcpy(out.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }
  void rewind() noexcept override { at_ = 0; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace orlop::net
