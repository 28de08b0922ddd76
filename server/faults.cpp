#include "server/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "server/operation.h"
#include "wire/percent.h"

namespace orlop::server {
namespace {

constexpr std::size_t most_header_counters = 10'000;

constexpr auto plain_names = std::to_array<std::pair<std::string_view, FaultKind>>({
    {"200-with-error-body", FaultKind::error_body},
    {"200-with-empty-body", FaultKind::empty_body},
    {"html-login-page", FaultKind::login_page},
    {"slow-down", FaultKind::slow_down},
    {"expire-token", FaultKind::expire_token},
    {"redirect-region", FaultKind::redirect_region},
    {"stall", FaultKind::stall},
    {"corrupt-body", FaultKind::corrupt_body},
    {"trickle", FaultKind::trickle},
    {"lost-answer", FaultKind::lost_answer},
    {"truncate-headers", FaultKind::truncate_headers},
    {"ignore-range", FaultKind::ignore_range},
});

template <class Number>
bool parse_whole(std::string_view text, Number& out) {
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && failure == std::errc() && end == text.data() + text.size();
}

// Digits with K, M or G (powers of 1024).
bool parse_size(std::string_view text, std::uint64_t& out) {
  std::uint64_t unit = 1;
  if (!text.empty()) {
    std::size_t power = std::string_view("KMG").find(text.back());
    if (power != std::string_view::npos) unit = std::uint64_t{1} << (10 * (power + 1));
  }
  if (unit > 1) text.remove_suffix(1);
  if (!parse_whole(text, out) || out > (std::uint64_t{1} << 40)) return false;
  out *= unit;
  return true;
}

// "250ms", "30s".
bool parse_duration(std::string_view text, Milliseconds& out) {
  std::uint32_t number = 0;
  bool milliseconds = text.ends_with("ms");
  if (!text.ends_with('s')) return false;
  text.remove_suffix(milliseconds ? 2 : 1);
  if (!parse_whole(text, number) || number > 86'400'000) return false;
  out = milliseconds ? Milliseconds(number) : std::chrono::seconds(number);
  return true;
}

// Takes "-once", "-twice" or "-5-times" off the end.
int take_times(std::string_view& name) {
  for (auto [suffix, times] : {std::pair{std::string_view("-once"), 1}, {std::string_view("-twice"), 2}}) {
    if (name.ends_with(suffix)) return name.remove_suffix(suffix.size()), times;
  }
  constexpr std::string_view suffix = "-times";
  if (!name.ends_with(suffix)) return 0;
  std::string_view rest = name.substr(0, name.size() - suffix.size());
  std::size_t dash = rest.rfind('-');
  int times = 0;
  if (dash == std::string_view::npos || !parse_whole(rest.substr(dash + 1), times) || times <= 0) return 0;
  name = rest.substr(0, dash);
  return times;
}

bool parse_kind(std::string_view name, Fault& fault) {
  auto plain =
      std::find_if(plain_names.begin(), plain_names.end(), [&](const auto& item) { return item.first == name; });
  if (plain != plain_names.end()) return fault.kind = plain->second, true;
  for (auto [prefix, kind] : {std::pair{std::string_view("drop-after-"), FaultKind::drop_after},
                              {std::string_view("stall-after-"), FaultKind::stall_after}}) {
    if (name.starts_with(prefix)) return fault.kind = kind, parse_size(name.substr(prefix.size()), fault.bytes);
  }
  for (auto [prefix, kind] :
       {std::pair{std::string_view("stall-"), FaultKind::stall}, {std::string_view("trickle-"), FaultKind::trickle}}) {
    if (name.starts_with(prefix)) return fault.kind = kind, parse_duration(name.substr(prefix.size()), fault.duration);
  }
  fault.kind = FaultKind::status;
  return name.size() == 3 && parse_whole(name, fault.status) && fault.status >= 400 && fault.status <= 599;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

}  // namespace

Result<Fault> parse_fault(std::string_view name) {
  Fault fault;
  std::string_view rest = name;
  fault.times = take_times(rest);
  if (parse_kind(rest, fault)) {
    if (fault.kind == FaultKind::trickle && fault.duration == Milliseconds(0)) fault.duration = Milliseconds(100);
    return fault;
  }
  return Error(Code::invalid_argument, fmt::format("\"{}\" is no fault (see docs/serve.md)", name));
}

bool glob_matches(std::string_view pattern, std::string_view text) noexcept {
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (in < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = in;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == text[in])) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

Result<Faults::Rule> Faults::parse_rule(std::string_view line) {
  std::vector<std::string_view> words = words_of(line);
  if (words.size() > 3) return Error(Code::invalid_argument, "expected [OPERATION | METHOD /BUCKET/KEY] FAULT");
  Rule rule;
  ORLOP_ASSIGN(rule.fault, parse_fault(words.back()));
  rule.left = rule.fault.times;
  if (words.size() == 2) {
    rule.operation = words[0];
    if (!is_operation(rule.operation))
      return Error(Code::invalid_argument, fmt::format("there is no operation {} here", rule.operation));
  }
  if (words.size() == 3) {
    rule.method = words[0];
    ORLOP_ASSIGN(rule.pattern, wire::decode_percent(words[1]));
    if (!rule.pattern.starts_with('/')) return Error(Code::invalid_argument, "a pattern begins with /");
  }
  return rule;
}

Result<void> Faults::set(std::string_view script) {
  std::vector<Rule> rules;
  for (int number = 1; !script.empty(); ++number) {
    std::string_view line = script.substr(0, script.find('\n'));
    script.remove_prefix(std::min(line.size() + 1, script.size()));
    line = line.substr(0, line.find('#'));
    if (words_of(line).empty()) continue;
    auto rule = parse_rule(line);
    if (!rule) return Error(Code::invalid_argument, fmt::format("faults, line {}: {}", number, rule.error().message()));
    rules.push_back(*std::move(rule));
  }
  std::lock_guard lock(mutex_);
  rules_ = std::move(rules);
  header_uses_.clear();
  return {};
}

Result<std::optional<Fault>> Faults::choose(std::string_view operation, std::string_view method,
                                            const std::string& path, std::string_view header) {
  std::lock_guard lock(mutex_);
  if (!header.empty()) {
    ORLOP_ASSIGN(Fault fault, parse_fault(header));
    if (fault.times == 0) return std::optional(fault);
    if (header_uses_.size() > most_header_counters) header_uses_.clear();
    int& uses = header_uses_[fmt::format("{} {} {}", header, method, path)];
    if (uses++ < fault.times) return std::optional(fault);
    uses = 0;  // a new test of the same request begins anew
    return std::optional<Fault>();
  }
  for (Rule& rule : rules_) {
    bool fits = (rule.operation.empty() || rule.operation == operation) &&
                (rule.method.empty() || rule.method == "*" || rule.method == method) &&
                (rule.pattern.empty() || glob_matches(rule.pattern, path));
    if (!fits || (rule.fault.times > 0 && rule.left == 0)) continue;
    if (rule.left > 0) --rule.left;
    return std::optional(rule.fault);
  }
  return std::optional<Fault>();
}

}  // namespace orlop::server
