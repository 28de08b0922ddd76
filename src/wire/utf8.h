// UTF-8, checked.
#pragma once

#include <cstddef>
#include <string_view>

namespace orlop {

// The bytes of the code point `text` begins with; 0 when it begins with none.
std::size_t code_point_length(std::string_view text) noexcept;

bool is_utf8(std::string_view text) noexcept;

}  // namespace orlop
