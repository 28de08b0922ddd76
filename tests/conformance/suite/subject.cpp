#include "subject.h"

#include <random>

#include "orlop/layers/layers.h"

namespace orlop::testing {

Subject::~Subject() {
  driver_.reset();
  if (harness_.cleanup) harness_.cleanup();
}

Driver& Subject::driver() {
  if (!driver_) driver_ = layers::check(harness_.make());
  return *driver_;
}

const Deviation* Subject::deviation(std::string_view name) const noexcept {
  for (const Deviation& deviation : harness_.deviations)
    if (deviation.name == name) return &deviation;
  return nullptr;
}

void Subject::begin_test() {
  static std::mt19937_64 random(std::random_device{}());
  prefix_ = "t" + std::to_string(random() % 1'000'000'000) + "/";
}

void Subject::end_test() {
  RemoveRequest request;
  for (std::string& name : keys_below(prefix_)) {
    request.keys.push_back(std::move(name));
    if (request.keys.size() < 100 && request.keys.size() < driver().info().limits.remove_batch) continue;
    EXPECT_TRUE(ok(driver().remove(context(), request)));
    request.keys.clear();
  }
  if (!request.keys.empty()) EXPECT_TRUE(ok(driver().remove(context(), request)));
}

Result<Meta> Subject::put(std::string_view name, std::string_view text, PutMode mode, std::string_view if_match) {
  return driver().put(
      context(), {.key = name, .payload = Payload::text(text), .attrs = nullptr, .mode = mode, .if_match = if_match});
}

Result<Meta> Subject::put(std::string_view name, std::string_view text, const Attrs& attrs) {
  return driver().put(context(), {.key = name, .payload = Payload::text(text), .attrs = &attrs});
}

Result<std::string> Subject::get(std::string_view name, Range range) {
  ORLOP_ASSIGN(auto reader, driver().read(context(), {.key = name, .range = range}));
  return drain(*reader);
}

Result<std::unique_ptr<Writer>> Subject::write(std::string_view name, PutMode mode, std::string_view if_match) {
  return driver().write(
      context(), {.key = std::string(name), .attrs = {}, .mode = mode, .if_match = std::string(if_match), .size = {}});
}

Result<void> Subject::remove(std::string_view name) {
  ORLOP_ASSIGN(RemoveResults results, driver().remove(context(), {.keys = {std::string(name)}}));
  if (results.size() != 1) return Error(Code::unknown, "not one result a key");
  if (results[0]) return *results[0];
  return {};
}

Result<std::vector<std::string>> Subject::list(ListRequest request) {
  std::vector<std::string> names;
  for (int pages = 0; pages < 10'000; ++pages) {
    ORLOP_ASSIGN(Page page, driver().list(context(), request));
    for (const Entry& entry : page.entries) names.push_back(entry.is_prefix ? "<" + entry.key + ">" : entry.key);
    if (page.next.empty()) return names;
    request.token = page.next;
  }
  return Error(Code::unknown, "a listing without end");
}

std::vector<std::string> Subject::keys_below(std::string_view prefix) {
  auto names = list({.prefix = std::string(prefix), .delimiter = {}, .token = {}, .start_after = {}});
  EXPECT_TRUE(ok(names));
  return names ? *names : std::vector<std::string>();
}

Context Subject::context() { return Context().with_timeout(std::chrono::seconds(120)); }

std::string random_text(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; i += 8) {
    std::uint64_t word = random();
    for (std::size_t j = i; j < size && j < i + 8; ++j, word >>= 8) text[j] = static_cast<char>(word);
  }
  return text;
}

Result<std::string> drain(Reader& reader, std::size_t chunk) {
  std::string text;
  std::string piece(chunk, '\0');
  for (;;) {
    ORLOP_ASSIGN(std::size_t count, reader.read(std::as_writable_bytes(std::span(piece))));
    if (count == 0) return text;
    text.append(piece, 0, count);
  }
}

}  // namespace orlop::testing
