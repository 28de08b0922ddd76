// The contract of a Driver as a program: give it a way to make drivers, and every promise of driver.h is tried.
//
//   int main(int argc, char** argv) {
//     testing::InitGoogleTest(&argc, argv);
//     orlop::testing::Harness harness;
//     harness.name = "mystore";
//     harness.make = [] { return my::open({...}).value(); };
//     orlop::testing::register_conformance(std::move(harness));
//     return RUN_ALL_TESTS();
//   }
//
// Link orlop_testing and GoogleTest. Nothing is skipped: what the driver claims must work, and what it does not claim
// must be answered `unsupported` and change nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orlop/driver/driver.h"

namespace orlop::testing {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// What the store behind a driver cannot do although its protocol could say it: data with a reason, and tried all the
// same, so that an entry which is no longer true fails.
struct Deviation {
  std::string_view name;  // of a key class (key_classes()) or of a test, "list.rejects_foreign_tokens"
  enum class Kind {
    refused,  // put() of such a key answers an error and stores nothing
    altered,  // the store keeps it under another name
    absent,   // the promise of this test is not kept
  } kind = Kind::refused;
  std::string_view reason;
};

struct Harness {
  std::string name;  // letters, digits and underscores

  // 1. A driver of an empty container. Called once; may do I/O, and may throw.
  std::function<std::shared_ptr<Driver>()> make;
  // 2. A driver of a container that does not exist; may be empty where there is no such thing.
  std::function<std::shared_ptr<Driver>()> make_missing;
  // 3. Sends a signed request as somebody who knows nothing else. Needed by drivers that claim to sign.
  std::function<Result<HttpAnswer>(const Presigned& request, std::string_view body)> send;
  // 4. Called after the last test.
  std::function<void()> cleanup;

  std::vector<Deviation> deviations;
  std::vector<std::string> secrets;               // must not occur in any error
  std::uint64_t large = std::uint64_t{20} << 20;  // bytes of a large object
};

// Kinds of keys that have gone wrong somewhere, and an example of each.
struct KeyClass {
  std::string_view name;
  std::string_view key;
};
const std::vector<KeyClass>& key_classes();

// Adds the tests of this driver, "Conformance/<harness>.<theme>_<promise>", to the program. Call before RUN_ALL_TESTS.
void register_conformance(Harness harness);

}  // namespace orlop::testing
