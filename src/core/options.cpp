// Options checked against a backend's table and read as what they mean.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "orlop/config.h"

namespace orlop {

namespace {

Error invalid(std::string message) { return Error(Code::config_invalid, std::move(message)); }

// The value stays out: it may be a secret put under the wrong name.
Error wrong_form(std::string_view name, std::string_view expected) {
  return invalid(fmt::format("the option {} must be {}", name, expected));
}

const std::string* find(const StringMap& values, std::string_view name) {
  auto found = values.find(name);
  return found == values.end() ? nullptr : &found->second;
}

std::string fold(std::string_view word) {
  std::string folded(word);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  return folded;
}

// Damerau-Levenshtein with adjacent transpositions (optimal string alignment), three rows at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitution});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

// A number with one of `units` behind it; the empty suffix is a unit like the others.
template <std::size_t n>
std::optional<std::uint64_t> parse_scaled(std::string_view text, const Unit (&units)[n]) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (unit.suffix != suffix) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

constexpr Unit size_units[] = {{"", 1},
                               {"K", 1ULL << 10},
                               {"M", 1ULL << 20},
                               {"G", 1ULL << 30},
                               {"T", 1ULL << 40},
                               {"KiB", 1ULL << 10},
                               {"MiB", 1ULL << 20},
                               {"GiB", 1ULL << 30},
                               {"TiB", 1ULL << 40}};
constexpr Unit duration_units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string folded = fold(word);
  if (folded.size() > 100) return {};  // no option's name, and the comparison is quadratic
  std::size_t limit = std::max<std::size_t>(1, folded.size() / 3);
  std::string_view best;
  for (std::string_view candidate : candidates) {
    std::size_t distance = edit_distance(folded, fold(candidate));
    if (distance <= limit) {
      best = candidate;
      if (distance == 0) break;
      limit = distance - 1;
    }
  }
  if (!best.empty() || folded.size() < 4) return best;
  auto related = [&](std::string_view candidate) {  // "key_id" for "access_key_id", "aws_region" for "region"
    std::string name = fold(candidate);
    return name.find(folded) != std::string::npos || (name.size() >= 4 && folded.find(name) != std::string::npos);
  };
  auto found = std::find_if(candidates.begin(), candidates.end(), related);
  return found == candidates.end() ? std::string_view{} : *found;
}

Result<void> OptionReader::check_names() const {
  std::vector<std::string_view> names;
  for (const OptionSpec& spec : specs_) names.push_back(spec.name);
  for (const auto& [name, value] : values_) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string_view near = nearest(name, names);
    std::string hint =
        near.empty() ? fmt::format("valid are: {}", fmt::join(names, ", ")) : fmt::format("did you mean {}?", near);
    return invalid(
        fmt::format("there is no option \"{}\"; {}", name.substr(0, 100), names.empty() ? "none is valid here" : hint));
  }
  return {};
}

Result<void> OptionReader::read(std::string_view name, std::string& out) const {
  if (const std::string* text = find(values_, name)) out = *text;
  return {};
}

Result<void> OptionReader::read(std::string_view name, bool& out) const {
  const std::string* text = find(values_, name);
  if (!text) return {};
  std::string word = fold(*text);
  if (word == "true" || word == "yes" || word == "on" || word == "1") {
    out = true;
  } else if (word == "false" || word == "no" || word == "off" || word == "0") {
    out = false;
  } else {
    return wrong_form(name, "true or false");
  }
  return {};
}

Result<void> OptionReader::read(std::string_view name, std::uint64_t& out) const {
  const std::string* text = find(values_, name);
  if (!text) return {};
  auto number = parse_scaled(*text, size_units);
  if (!number) return wrong_form(name, "a whole number, for sizes with K, M, G or T behind it: 8M");
  out = *number;
  return {};
}

Result<void> OptionReader::read(std::string_view name, std::chrono::milliseconds& out) const {
  const std::string* text = find(values_, name);
  if (!text) return {};
  auto number = parse_scaled(*text, duration_units);
  if (!number) return wrong_form(name, "a time: 250ms, 30s or 5m");
  out = std::chrono::milliseconds(static_cast<std::int64_t>(*number));
  return {};
}

}  // namespace orlop
