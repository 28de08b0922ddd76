#include "server/facts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "server/upload_body.h"
#include "wire/encoding.h"
#include "wire/percent.h"

namespace orlop::server {
namespace {

constexpr std::size_t most_runs = 32;  // uploads with more different parts lose ?partNumber, not their content
constexpr std::string_view meta_prefix = "meta-";

constexpr std::array<std::pair<std::string_view, std::string Attrs::*>, 6> attr_names{{
    {"content-type", &Attrs::content_type},
    {"content-encoding", &Attrs::content_encoding},
    {"content-language", &Attrs::content_language},
    {"content-disposition", &Attrs::content_disposition},
    {"cache-control", &Attrs::cache_control},
    {"expires", &Attrs::expires},
}};

std::string_view get(const StringMap& record, std::string_view name) {
  auto found = record.find(name);
  return found == record.end() ? std::string_view{} : std::string_view(found->second);
}

void put(StringMap& record, std::string_view name, std::string_view value) {
  if (!value.empty()) record.emplace(name, value);
}

template <class Number>
bool parse(std::string_view text, Number& out) {
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failure == std::errc() && end == text.data() + text.size();
}

std::string encode_runs(const std::vector<PartRun>& runs) {
  if (runs.size() > most_runs) return {};
  std::string text;
  for (const PartRun& run : runs) {
    if (!text.empty()) text += '.';
    text += std::to_string(run.count) + "x" + std::to_string(run.size);
  }
  return text;
}

std::vector<PartRun> decode_runs(std::string_view text) {
  std::vector<PartRun> runs;
  while (!text.empty()) {
    std::string_view item = text.substr(0, text.find('.'));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    std::size_t cross = item.find('x');
    PartRun run{};
    if (cross == std::string_view::npos || !parse(item.substr(0, cross), run.count) ||
        !parse(item.substr(cross + 1), run.size)) {
      return {};
    }
    runs.push_back(run);
  }
  return runs;
}

}  // namespace

std::uint64_t Facts::part_count() const noexcept {
  std::uint64_t count = 0;
  for (const PartRun& run : parts) count += run.count;
  return count;
}

std::optional<Range::Extent> Facts::part(std::uint64_t number) const noexcept {
  std::uint64_t begin = 0;
  for (const PartRun& run : parts) {
    if (number > run.count) {
      number -= run.count;
      begin += run.count * run.size;
    } else if (number > 0) {
      begin += (number - 1) * run.size;
      return Range::Extent{begin, begin + run.size};
    }
  }
  return std::nullopt;
}

std::string encode_record(const StringMap& record) {
  std::string text;
  for (const auto& [name, value] : record) {
    if (!text.empty()) text += '&';
    wire::append_query(text, name);
    text += '=';
    wire::append_query(text, value);
  }
  return text;
}

StringMap decode_record(std::string_view text) {
  StringMap record;
  while (!text.empty()) {
    std::string_view item = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    std::size_t equals = item.find('=');
    auto name = wire::decode_percent(item.substr(0, equals));
    auto value = wire::decode_percent(equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1));
    if (!name || !value) return {};
    record.insert_or_assign(*std::move(name), *std::move(value));
  }
  return record;
}

std::string encode_facts(const Facts& facts) {
  StringMap record;
  put(record, "size", std::to_string(facts.size));
  put(record, "etag", facts.etag);
  put(record, "sum", encode_checksum(facts.checksum));
  if (facts.composite_parts > 0) put(record, "of", std::to_string(facts.composite_parts));
  put(record, "parts", encode_runs(facts.parts));
  put(record, "acl", facts.acl);
  put(record, "tags", facts.tags);
  put(record, "class", facts.storage_class);
  return encode_record(record);
}

std::optional<Facts> decode_facts(std::string_view text) {
  StringMap record = decode_record(text);
  Facts facts;
  if (!parse(get(record, "size"), facts.size)) return std::nullopt;
  facts.etag = get(record, "etag");
  facts.checksum = decode_checksum(get(record, "sum"));
  if (std::string_view count = get(record, "of"); !count.empty() && !parse(count, facts.composite_parts))
    return std::nullopt;
  facts.parts = decode_runs(get(record, "parts"));
  facts.acl = get(record, "acl");
  facts.tags = get(record, "tags");
  facts.storage_class = get(record, "class");
  return facts;
}

void add_attrs(StringMap& record, const Attrs& attrs) {
  for (const auto& [name, member] : attr_names) put(record, name, attrs.*member);
  for (const auto& [name, value] : attrs.user) record.emplace(std::string(meta_prefix) + name, value);
}

Attrs take_attrs(const StringMap& record) {
  Attrs attrs;
  for (const auto& [name, member] : attr_names) attrs.*member = get(record, name);
  for (const auto& [name, value] : record) {
    if (name.starts_with(meta_prefix)) attrs.user.emplace(name.substr(meta_prefix.size()), value);
  }
  return attrs;
}

std::string encode_checksum(const Checksum& checksum) {
  std::string_view name = checksum_name(checksum.algorithm);
  if (name.empty()) return {};
  return std::string(name) + ':' + wire::encode_base64(as_bytes(checksum.bytes));
}

Checksum decode_checksum(std::string_view text) {
  std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {};
  auto algorithm = parse_checksum_name(text.substr(0, colon));
  auto bytes = wire::decode_base64(text.substr(colon + 1));
  if (!algorithm || !bytes) return {};
  return {*algorithm, *std::move(bytes)};
}

}  // namespace orlop::server
