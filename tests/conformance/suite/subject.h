// What a test of the contract works with: the driver, names of its own, and the questions most of them ask.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orlop/driver/driver.h"
#include "orlop/testing/conformance.h"

namespace orlop::testing {

class Subject {
 public:
  explicit Subject(Harness harness) : harness_(std::move(harness)) {}
  ~Subject();

  const Harness& harness() const noexcept { return harness_; }
  // Behind the check layer, as every application has it; made when first asked for.
  Driver& driver();
  bool can(Cap cap) { return driver().info().caps.has(cap); }
  const Deviation* deviation(std::string_view name) const noexcept;

  // Names begin with something of this test's own.
  void begin_test();
  void end_test();
  std::string key(std::string_view name) const { return prefix_ + std::string(name); }

  Result<Meta> put(std::string_view key, std::string_view text, PutMode mode = PutMode::overwrite,
                   std::string_view if_match = {});
  Result<Meta> put(std::string_view key, std::string_view text, const Attrs& attrs);
  Result<Meta> stat(std::string_view key) { return driver().stat(context(), {.key = key}); }
  bool exists(std::string_view key) { return stat(key).has_value(); }
  // The whole content.
  Result<std::string> get(std::string_view key, Range range = Range::all());
  Result<std::unique_ptr<Writer>> write(std::string_view key, PutMode mode = PutMode::overwrite,
                                        std::string_view if_match = {});
  Result<void> remove(std::string_view key);
  // Everything under `prefix` of all pages: keys, and groups in angle brackets.
  Result<std::vector<std::string>> list(ListRequest request);
  std::vector<std::string> keys_below(std::string_view prefix);

  // Limits every call, so that a test that hangs fails.
  static Context context();

 private:
  Harness harness_;
  std::shared_ptr<Driver> driver_;
  std::string prefix_;
};

// One promise. The name is a sentence's verb and object: "writer", "is_invisible_until_commit".
struct Case {
  std::string_view name;
  void (*run)(Subject&);
};

std::span<const Case> round_trip_cases();
std::span<const Case> range_cases();
std::span<const Case> condition_cases();
std::span<const Case> mode_cases();
std::span<const Case> writer_cases();
std::span<const Case> multipart_cases();
std::span<const Case> key_cases();
std::span<const Case> list_cases();
std::span<const Case> remove_cases();
std::span<const Case> copy_cases();
std::span<const Case> attrs_cases();
std::span<const Case> sign_cases();
std::span<const Case> large_cases();
std::span<const Case> concurrency_cases();
std::span<const Case> context_cases();
std::span<const Case> error_cases();

// Bytes without a period that a mixed-up piece could hide in.
std::string random_text(std::size_t size, unsigned seed = 1);
Result<std::string> drain(Reader& reader, std::size_t chunk = 64 * 1024);

// For EXPECT_TRUE: the error in full when there is one.
template <class T>
::testing::AssertionResult ok(const Result<T>& result) {
  if (result) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << result.error().to_string();
}
template <class T>
::testing::AssertionResult fails(const Result<T>& result, Code code) {
  if (result) return ::testing::AssertionFailure() << "succeeded, where " << to_string(code) << " was due";
  if (result.error().code() == code) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << to_string(code) << " was due, not " << result.error().to_string();
}

}  // namespace orlop::testing
