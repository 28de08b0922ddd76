// Names as Django and django-storages treat them: POSIX paths, cut and joined byte for byte as Python's posixpath does.
#include "orlop/naming.h"

#include <fmt/core.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/path.h"

namespace orlop::naming {

namespace {

// posixpath.normpath: exactly two leading slashes are kept (POSIX.1-2017 section 4.13), more become one.
std::string normalize(std::string_view path) {
  if (path.empty()) return ".";
  std::size_t slashes = std::min(path.find_first_not_of('/'), path.size());
  std::size_t root = slashes == 2 ? 2 : std::min<std::size_t>(slashes, 1);

  std::vector<std::string_view> segments;
  for (std::string_view rest = path; !rest.empty();) {
    std::string_view segment = take_segment(rest);
    if (segment.empty() || segment == ".") continue;
    bool climbs = segment == "..";
    if (climbs && !segments.empty() && segments.back() != "..") {
      segments.pop_back();
    } else if (!climbs || root == 0) {
      segments.push_back(segment);
    }
  }

  std::string result(root, '/');
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (i > 0) result += '/';
    result += segments[i];
  }
  return result.empty() ? "." : result;
}

std::string with_slashes(std::string_view name) {
  std::string result(name);
  std::replace(result.begin(), result.end(), '\\', '/');
  return result;
}

bool climbs(std::string_view path) {
  while (!path.empty()) {
    if (take_segment(path) == "..") return true;
  }
  return false;
}

Error invalid_name(std::string_view name, std::string_view why) {
  return Error(Code::invalid_argument, fmt::format("invalid name \"{}\": {}", name, why));
}

// Django's validate_file_name for a last segment.
Result<void> check_last_segment(std::string_view name, std::string_view last) {
  if (last.empty() || last == "." || last == "..") return invalid_name(name, "it does not end in the name of a file");
  return {};
}

bool continues_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::size_t code_points(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues_code_point));
}

std::string_view drop_last_code_points(std::string_view text, std::size_t count) {
  while (count > 0 && !text.empty()) {
    if (!continues_code_point(text.back())) --count;
    text.remove_suffix(1);
  }
  return text;
}

std::string random_suffix() {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  constexpr unsigned fair = 256 - 256 % alphabet.size();  // bytes from here on would favour the first letters
  constexpr std::size_t length = 7;
  std::string suffix;
  while (suffix.size() < length) {
    std::array<unsigned char, 16> bytes{};
    if (getentropy(bytes.data(), bytes.size()) != 0) std::abort();  // cannot fail below 256 bytes, see getentropy(3)
    for (unsigned char byte : bytes) {
      if (byte < fair && suffix.size() < length) suffix += alphabet[byte % alphabet.size()];
    }
  }
  return suffix;
}

}  // namespace

std::string clean_name(std::string_view name) {
  std::string clean = with_slashes(normalize(name));
  // The input's own slash only: a backslash at the end already became one.
  if (name.ends_with('/') && !clean.ends_with('/')) clean += '/';
  return clean == "." ? std::string() : clean;
}

Result<std::string> safe_join(std::string_view base, std::string_view part) {
  while (base.ends_with('/')) base.remove_suffix(1);
  std::string joined = normalize(part.starts_with('/') ? std::string(part) : fmt::format("{}/{}", base, part));
  if ((part.ends_with('/') && !joined.ends_with('/')) || joined == base) joined += '/';
  bool inside = std::string_view(joined).starts_with(base) && joined.size() > base.size() && joined[base.size()] == '/';
  if (!inside) return Error(Code::invalid_argument, std::string(outside_message));
  joined.erase(0, joined.find_first_not_of('/'));
  return joined;
}

Result<void> check_relative(std::string_view name) {
  ORLOP_TRY(check_last_segment(name, split_path(name).last));
  std::string path = with_slashes(name);
  if (path.starts_with('/')) return invalid_name(name, "it is absolute; names are relative to the storage");
  if (climbs(path)) return invalid_name(name, "it contains \"..\"");
  return {};
}

Result<std::string> available_overwrite_name(std::string_view name, std::optional<std::size_t> max_length) {
  auto [directory, last] = split_path(name);
  if (climbs(directory)) return invalid_name(name, "it contains \"..\"");
  ORLOP_TRY(check_relative(last));

  std::size_t length = code_points(name);
  if (!max_length || length <= *max_length) return std::string(name);
  auto [root, extension] = split_extension(last);
  std::string_view shortened = drop_last_code_points(root, length - *max_length);
  if (shortened.empty()) return invalid_name(name, fmt::format("nothing of it is left at {} characters", *max_length));
  // posixpath.split() takes all slashes off the directory, and join() puts one back.
  while (directory.ends_with("//")) directory.remove_suffix(1);
  std::string result = fmt::format("{}{}{}", directory, shortened, extension);
  ORLOP_TRY(check_relative(result));
  return result;
}

std::string alternative_name(std::string_view name) {
  auto [directory, last] = split_path(name);
  auto [root, extension] = split_extension(last);
  return fmt::format("{}{}_{}{}", directory, root, random_suffix(), extension);
}

}  // namespace orlop::naming
