#include "engine/listing.h"

#include <algorithm>
#include <charconv>

namespace orlop::engine {
namespace {

constexpr std::size_t default_page_size = 1000;

// Tokens are in hexadecimal: they travel through URLs and XML, and keys may hold any byte.
std::string encode_token(std::string_view position) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string token;
  token.reserve(position.size() * 2);
  for (unsigned char byte : position) token += {digits[byte >> 4], digits[byte & 15]};
  return token;
}

Result<std::string> decode_token(std::string_view token) {
  std::string position;
  for (std::size_t i = 0; i < token.size(); i += 2) {
    unsigned value = 0;
    std::string_view pair = token.substr(i, 2);
    auto [end, error] = std::from_chars(pair.begin(), pair.end(), value, 16);
    if (pair.size() != 2 || error != std::errc{} || end != pair.end())
      return Error(Code::invalid_argument, "the token is not one of this listing");
    position.push_back(static_cast<char>(value));
  }
  return position;
}

}  // namespace

Result<PageBuilder> PageBuilder::open(const ListRequest& request) {
  PageBuilder page(request);
  page.position_ = request.prefix;
  if (!request.start_after.empty()) {
    // A group's name continues behind the group, so that the last entry of a page can always be gone on from.
    if (page.group_length(request.start_after) == request.start_after.size())
      page.skip_group(request.start_after);
    else
      page.position_ = std::max(request.prefix, request.start_after + '\0');
  }
  if (!request.token.empty()) {
    ORLOP_ASSIGN(std::string position, decode_token(request.token));
    page.position_ = std::max(page.position_, position);
  }
  return page;
}

bool PageBuilder::offer(Entry entry) {
  if (exhausted_ || !entry.key.starts_with(request_.prefix)) return false;
  if (page_.entries.size() == (request_.page_size ? request_.page_size : default_page_size)) {
    page_.next = encode_token(position_);
    return false;
  }
  if (std::size_t length = group_length(entry.key)) {
    std::string group = entry.key.substr(0, length);
    page_.entries.push_back({.key = group, .is_prefix = true, .size = 0, .modified = {}, .etag = {}});
    skip_group(std::move(group));
  } else {
    position_ = entry.key + '\0';
    page_.entries.push_back(std::move(entry));
  }
  return true;
}

std::size_t PageBuilder::group_length(std::string_view key) const noexcept {
  if (request_.delimiter.empty() || !key.starts_with(request_.prefix)) return 0;
  std::size_t found = key.find(request_.delimiter, request_.prefix.size());
  return found == std::string_view::npos ? 0 : found + request_.delimiter.size();
}

void PageBuilder::skip_group(std::string group) {
  while (!group.empty() && static_cast<unsigned char>(group.back()) == 0xFF) group.pop_back();
  exhausted_ = group.empty();
  if (exhausted_) return;
  group.back() = static_cast<char>(static_cast<unsigned char>(group.back()) + 1);
  position_ = std::move(group);
}

}  // namespace orlop::engine
