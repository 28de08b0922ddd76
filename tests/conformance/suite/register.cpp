// Turns the table of promises into tests of one driver.
#include <string>

#include "subject.h"

namespace orlop::testing {
namespace {

struct Theme {
  std::string_view name;
  std::span<const Case> (*cases)();
};

constexpr Theme themes[] = {
    {"round_trip", round_trip_cases},
    {"range", range_cases},
    {"condition", condition_cases},
    {"mode", mode_cases},
    {"writer", writer_cases},
    {"multipart", multipart_cases},
    {"key", key_cases},
    {"list", list_cases},
    {"remove", remove_cases},
    {"copy", copy_cases},
    {"attrs", attrs_cases},
    {"sign", sign_cases},
    {"large", large_cases},
    {"context", context_cases},
    {"error", error_cases},
    {"concurrency", concurrency_cases},
};

class ConformanceTest : public ::testing::Test {
 public:
  ConformanceTest(std::shared_ptr<Subject> subject, Case promise) : subject_(std::move(subject)), promise_(promise) {}

  void TestBody() override {
    subject_->begin_test();
    promise_.run(*subject_);
    subject_->end_test();
  }

 private:
  const std::shared_ptr<Subject> subject_;
  const Case promise_;
};

}  // namespace

void register_conformance(Harness harness) {
  std::string suite = "Conformance/" + harness.name;
  auto subject = std::make_shared<Subject>(std::move(harness));
  for (const Theme& theme : themes)
    for (const Case& promise : theme.cases()) {
      std::string name = std::string(theme.name) + "_" + std::string(promise.name);
      ::testing::RegisterTest(
          suite.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
          [subject, promise]() -> ConformanceTest* { return new ConformanceTest(subject, promise); });
    }
}

}  // namespace orlop::testing
