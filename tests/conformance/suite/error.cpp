// Errors say where, in one line, and give nothing away.
#include "subject.h"

namespace orlop::testing {
namespace {

void expect_presentable(Subject& subject, const Error& error, std::string_view operation, std::string_view key) {
  std::string line = error.to_string();
  EXPECT_EQ(error.operation(), operation) << line;
  EXPECT_EQ(error.scheme(), subject.driver().info().scheme) << line;
  EXPECT_EQ(error.key(), key) << line;
  EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  EXPECT_FALSE(error.message().empty());
  for (const std::string& secret : subject.harness().secrets)
    EXPECT_EQ(line.find(secret), std::string::npos) << "a secret in an error";
}

void name_their_operation_and_key(Subject& subject) {
  std::string key = subject.key("absent");
  Driver& driver = subject.driver();
  auto stat = driver.stat(Subject::context(), {.key = key});
  ASSERT_TRUE(fails(stat, Code::not_found));
  expect_presentable(subject, stat.error(), "stat", key);
  auto read = driver.read(Subject::context(), {.key = key});
  ASSERT_TRUE(fails(read, Code::not_found));
  expect_presentable(subject, read.error(), "read", key);
  if (subject.can(Cap::copy)) {
    auto copy = driver.copy(Subject::context(), {.from = key, .to = subject.key("to")});
    ASSERT_TRUE(fails(copy, Code::not_found));
    expect_presentable(subject, copy.error(), "copy", key);
  }
  Attrs attrs;
  attrs.provider["NoSuchOption"] = "x";
  auto put = driver.put(Subject::context(), {.key = key, .payload = {}, .attrs = &attrs});
  ASSERT_FALSE(put);
  expect_presentable(subject, put.error(), "put", key);
}

void stay_one_line_whatever_the_key(Subject& subject) {
  std::string key = subject.key("line\nbreak\r\x1B[31m");
  auto stat = subject.stat(key);
  ASSERT_FALSE(stat);
  std::string line = stat.error().to_string();
  for (char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
}

void a_missing_container_is_not_an_empty_one(Subject& subject) {
  if (!subject.harness().make_missing) return;
  std::shared_ptr<Driver> driver = subject.harness().make_missing();
  EXPECT_TRUE(fails(driver->list(Subject::context(), {.prefix = {}, .delimiter = {}, .token = {}, .start_after = {}}),
                    Code::not_found));
  EXPECT_TRUE(fails(driver->stat(Subject::context(), {.key = "object"}), Code::not_found));
  EXPECT_TRUE(fails(driver->read(Subject::context(), {.key = "object"}), Code::not_found));
}

void info_is_the_same_for_ever(Subject& subject) {
  const DriverInfo& info = subject.driver().info();
  EXPECT_FALSE(info.scheme.empty());
  EXPECT_FALSE(info.name.empty());
  EXPECT_EQ(&info, &subject.driver().info());
  EXPECT_LE(info.limits.part_min, info.limits.part_max);
  if (info.caps.has(Cap::move_atomic)) EXPECT_TRUE(info.caps.has(Cap::move));
  if (info.caps.has(Cap::copy_create)) EXPECT_TRUE(info.caps.has(Cap::copy) || info.caps.has(Cap::move));
  for (const std::string& secret : subject.harness().secrets) EXPECT_EQ(info.name.find(secret), std::string::npos);
}

constexpr Case cases[] = {
    {"name_their_operation_and_key", name_their_operation_and_key},
    {"stay_one_line_whatever_the_key", stay_one_line_whatever_the_key},
    {"a_missing_container_is_not_an_empty_one", a_missing_container_is_not_an_empty_one},
    {"info_is_the_same_for_ever", info_is_the_same_for_ever},
};

}  // namespace

std::span<const Case> error_cases() { return cases; }

}  // namespace orlop::testing
