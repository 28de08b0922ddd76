#include "server/uploads.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "server/errors.h"
#include "wire/crc.h"
#include "wire/date.h"
#include "wire/encoding.h"

namespace orlop::server {
namespace {

constexpr std::size_t largest_record = 64 * 1024;

SystemTime now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

// An id becomes part of a key: only our own form is looked for.
bool well_formed(std::string_view id) {
  return id.size() == 32 &&
         std::all_of(id.begin(), id.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string get(const StringMap& record, std::string_view name) {
  auto found = record.find(name);
  return found == record.end() ? std::string() : found->second;
}

std::uint64_t get_number(const StringMap& record, std::string_view name) {
  std::string text = get(record, name);
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

StringMap record_of(const Upload& upload) {
  StringMap record{{"key", upload.key},
                   {"initiated", wire::format_iso8601(upload.initiated)},
                   {"facts", encode_facts(upload.facts)},
                   {"algorithm", std::string(checksum_name(upload.algorithm))},
                   {"chosen", upload.algorithm_chosen ? "1" : "0"},
                   {"composite", upload.composite ? "1" : "0"}};
  add_attrs(record, upload.attrs);
  return record;
}

Upload upload_of(std::string id, const StringMap& record) {
  Upload upload;
  upload.id = std::move(id);
  upload.key = get(record, "key");
  upload.attrs = take_attrs(record);
  upload.facts = decode_facts(get(record, "facts")).value_or(Facts{});
  upload.initiated = wire::parse_iso8601(get(record, "initiated")).value_or(SystemTime{});
  upload.algorithm = parse_checksum_name(get(record, "algorithm")).value_or(ChecksumAlgorithm::crc64nvme);
  upload.algorithm_chosen = get(record, "chosen") == "1";
  upload.composite = get(record, "composite") == "1";
  return upload;
}

StringMap record_of(const UploadedPart& part) {
  return {{"size", std::to_string(part.size)},
          {"md5", part.md5},
          {"sum", encode_checksum(part.checksum)},
          {"modified", wire::format_iso8601(part.modified)},
          {"data", part.data}};
}

UploadedPart part_of(std::uint32_t number, const StringMap& record) {
  return {.number = number,
          .size = get_number(record, "size"),
          .md5 = get(record, "md5"),
          .checksum = decode_checksum(get(record, "sum")),
          .modified = wire::parse_iso8601(get(record, "modified")).value_or(SystemTime{}),
          .data = get(record, "data")};
}

template <class Integer>
Integer from_big_endian(std::string_view bytes) {
  Integer value = 0;
  for (char c : bytes) value = static_cast<Integer>(value << 8 | static_cast<unsigned char>(c));
  return value;
}

template <class Integer>
std::string to_big_endian(Integer value) {
  std::string bytes(sizeof value, '\0');
  for (auto at = bytes.rbegin(); at != bytes.rend(); ++at, value = static_cast<Integer>(value >> 8))
    *at = static_cast<char>(value & 0xff);
  return bytes;
}

template <class Integer, class Combine>
std::string combined(const std::vector<UploadedPart>& parts, const Combine& combine) {
  Integer value = 0;
  for (const UploadedPart& part : parts)
    value = combine(value, from_big_endian<Integer>(part.checksum.bytes), part.size);
  return to_big_endian(value);
}

// The checksum of the whole from those of its parts.
std::string full_checksum(ChecksumAlgorithm algorithm, const std::vector<UploadedPart>& parts) {
  switch (algorithm) {
    case ChecksumAlgorithm::crc32:
      return combined<std::uint32_t>(parts, wire::combine_crc32);
    case ChecksumAlgorithm::crc32c:
      return combined<std::uint32_t>(parts, wire::combine_crc32c);
    default:
      return combined<std::uint64_t>(parts, wire::combine_crc64nvme);
  }
}

std::string composite_checksum(ChecksumAlgorithm algorithm, const std::vector<UploadedPart>& parts) {
  std::string sums;
  for (const UploadedPart& part : parts) sums += part.checksum.bytes;
  return wire::checksum(algorithm, as_bytes(sums)).bytes;
}

std::string multipart_etag(const std::vector<UploadedPart>& parts) {
  std::string digests;
  for (const UploadedPart& part : parts) digests += wire::decode_hex(part.md5).value_or(std::string());
  return fmt::format("{}-{}", wire::md5(as_bytes(digests)).hex(), parts.size());
}

std::vector<PartRun> runs_of(const std::vector<UploadedPart>& parts) {
  std::vector<PartRun> runs;
  for (const UploadedPart& part : parts) {
    if (!runs.empty() && runs.back().size == part.size) {
      ++runs.back().count;
    } else {
      runs.push_back({1, part.size});
    }
  }
  return runs;
}

}  // namespace

std::string Uploads::directory(std::string_view id) const { return fmt::format("{}{}/", prefix_, id); }

std::string Uploads::upload_key(std::string_view id) const { return directory(id) + "upload"; }

std::string Uploads::part_key(std::string_view id, std::uint32_t number) const {
  return fmt::format("{}parts/{:05}", directory(id), number);
}

Result<StringMap> Uploads::read_record(const std::string& key) {
  ORLOP_ASSIGN(auto reader, objects_.driver().read(objects_.context(), {.key = key}));
  std::string text(std::min<std::uint64_t>(reader->meta().size, largest_record), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    ORLOP_ASSIGN(std::size_t count, reader->read(std::as_writable_bytes(std::span(text).subspan(filled))));
    if (count == 0) break;
    filled += count;
  }
  return decode_record(text);
}

Result<void> Uploads::write_record(const std::string& key, const StringMap& record) {
  std::string text = encode_record(record);
  ORLOP_TRY(objects_.driver().put(objects_.context(), {.key = key, .payload = Payload::text(text)}));
  return {};
}

Result<std::string> Uploads::begin(Upload upload) {
  upload.id = random_name();
  upload.initiated = now();
  ORLOP_TRY(write_record(upload_key(upload.id), record_of(upload)));
  return upload.id;
}

Result<Upload> Uploads::load(const std::string& id) {
  if (!well_formed(id)) return s3_error("NoSuchUpload");
  auto record = read_record(upload_key(id));
  if (!record && record.error().code() == Code::not_found) return s3_error("NoSuchUpload");
  if (!record) return std::move(record).error();
  return upload_of(id, *record);
}

Result<Upload> Uploads::find(const std::string& id, const std::string& key) {
  ORLOP_ASSIGN(Upload upload, load(id));
  if (upload.key != key) return s3_error("NoSuchUpload");
  return upload;
}

Result<UploadedPart> Uploads::put_part(const Upload& upload, std::uint32_t number, MeasuredSource& content) {
  UploadedPart part{.number = number, .size = content.size(), .md5 = {}, .checksum = {}, .modified = {}, .data = {}};
  part.data = directory(upload.id) + "data/" + random_name();
  ORLOP_ASSIGN(
      auto writer,
      objects_.driver().write(objects_.context(), {.key = part.data, .attrs = {}, .if_match = {}, .size = part.size}));
  ORLOP_TRY(pour(content, *writer));
  ORLOP_TRY(writer->commit());
  part.md5 = content.md5();
  part.checksum = content.checksum();
  part.modified = now();
  auto replaced = read_record(part_key(upload.id, number));
  ORLOP_TRY(write_record(part_key(upload.id, number), record_of(part)));
  if (replaced) (void)objects_.remove(std::vector{get(*replaced, "data")});
  // An upload that was completed or aborted meanwhile must not leave this part behind.
  if (auto present = load(upload.id); !present) {
    (void)remove(upload.id);
    return std::move(present).error();
  }
  return part;
}

Result<std::vector<UploadedPart>> Uploads::parts(const Upload& upload) {
  std::string prefix = directory(upload.id) + "parts/";
  ListRequest request{.prefix = prefix, .delimiter = {}, .token = {}, .start_after = {}};
  std::vector<UploadedPart> parts;
  do {
    ORLOP_ASSIGN(Page page, objects_.driver().list(objects_.context(), request));
    for (const Entry& entry : page.entries) {
      auto record = read_record(entry.key);
      if (!record) continue;  // replaced or removed meanwhile
      StringMap number{{"number", entry.key.substr(prefix.size())}};
      parts.push_back(part_of(static_cast<std::uint32_t>(get_number(number, "number")), *record));
    }
    request.token = std::move(page.next);
  } while (!request.token.empty());
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return parts;
}

Facts Uploads::facts_of(const Upload& upload, const std::vector<UploadedPart>& parts) {
  Facts facts = upload.facts;
  facts.size = 0;
  for (const UploadedPart& part : parts) facts.size += part.size;
  facts.etag = multipart_etag(parts);
  facts.parts = runs_of(parts);
  facts.checksum.algorithm = upload.algorithm;
  facts.checksum.bytes =
      upload.composite ? composite_checksum(upload.algorithm, parts) : full_checksum(upload.algorithm, parts);
  facts.composite_parts = upload.composite ? static_cast<std::uint32_t>(parts.size()) : 0;
  return facts;
}

Result<Object> Uploads::complete(const Upload& upload, const std::vector<UploadedPart>& parts,
                                 const WriteConditions& conditions) {
  auto fill = [&](Writer& writer) -> Result<void> {
    for (const UploadedPart& part : parts) {
      ORLOP_ASSIGN(auto reader, objects_.driver().read(objects_.context(), {.key = part.data}));
      ORLOP_TRY(pour(*reader, writer));
    }
    return {};
  };
  ORLOP_ASSIGN(Object object, objects_.compose(upload.key, upload.attrs, facts_of(upload, parts), conditions, fill));
  (void)remove(upload.id);  // what cannot be removed is hidden, and goes with the bucket
  return object;
}

Result<void> Uploads::remove(const std::string& id) {
  if (!well_formed(id)) return s3_error("NoSuchUpload");
  // The record first: without it the upload is gone, whatever happens to the rest.
  ORLOP_TRY(objects_.remove(std::vector{upload_key(id)}));
  for (;;) {
    ORLOP_ASSIGN(Page page,
                 objects_.driver().list(
                     objects_.context(),
                     {.prefix = directory(id), .delimiter = {}, .token = {}, .start_after = {}, .page_size = 1000}));
    if (page.entries.empty()) return {};
    std::vector<std::string> keys;
    for (Entry& entry : page.entries) keys.push_back(std::move(entry.key));
    ORLOP_ASSIGN(RemoveResults results, objects_.remove(std::move(keys)));
    for (auto& result : results) {
      if (result) return *std::move(result);
    }
  }
}

Result<std::vector<Upload>> Uploads::all() {
  ListRequest request{.prefix = prefix_, .delimiter = "/", .token = {}, .start_after = {}};
  std::vector<Upload> uploads;
  do {
    ORLOP_ASSIGN(Page page, objects_.driver().list(objects_.context(), request));
    for (const Entry& entry : page.entries) {
      std::string id = entry.key.substr(request.prefix.size());
      if (id.ends_with('/')) id.pop_back();
      if (auto upload = load(id)) uploads.push_back(*std::move(upload));
    }
    request.token = std::move(page.next);
  } while (!request.token.empty());
  std::sort(uploads.begin(), uploads.end(), [](const Upload& a, const Upload& b) {
    return std::tie(a.key, a.initiated, a.id) < std::tie(b.key, b.initiated, b.id);
  });
  return uploads;
}

}  // namespace orlop::server
