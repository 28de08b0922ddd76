// Whether text is UTF-8.
#pragma once

#include <string_view>

namespace orlop {

bool is_utf8(std::string_view text) noexcept;

}  // namespace orlop
