// Errors, ranges, payloads and contexts.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "orlop/capability.h"
#include "orlop/context.h"
#include "orlop/types.h"

namespace orlop {
namespace {

TEST(Error, IsOneLine) {
  Error error(Code::not_found, "The specified key does not exist");
  error.add_context("stat", "s3", "a.txt").set_service(404, "NoSuchKey", "4442587FB7D0A2F9");
  EXPECT_EQ(
      error.to_string(),
      "not_found: NoSuchKey: The specified key does not exist (stat s3 \"a.txt\", HTTP 404, request 4442587FB7D0A2F9)");
  EXPECT_EQ(Error(Code::timeout).to_string(), "timeout");
  EXPECT_EQ(Error(Code::timeout).add_context("list", "s3", "").to_string(), "timeout (list s3)");
  EXPECT_EQ(Error(Code::unavailable).add_context("put", "s3", "k").set_attempts(5).to_string(),
            "unavailable (put s3 \"k\", 5 attempts)");
}

TEST(Error, CannotBreakALog) {
  Error error(Code::unknown, "a\nb\x1b[31m" + std::string(100'000, 'x'));
  error.add_context("stat", "s3", "key\r\n").set_service(500, "Bad\nCode", "id\n");
  std::string text = error.to_string();
  EXPECT_EQ(text.find_first_of("\r\n\x1b"), std::string::npos);
  EXPECT_LT(text.size(), 3000U);
}

TEST(Error, IsUtf8WhateverAServiceSays) {
  EXPECT_EQ(Error(Code::unknown, "a\xFF\xC2\x9B[31mä\xE2\x82").to_string(), "unknown: a\\xff\\xc2\\x9b[31mä\\xe2\\x82");
  std::string umlauts;
  for (int i = 0; i < 2000; ++i) umlauts += "ä";
  EXPECT_EQ(Error(Code::unknown, "x" + umlauts).to_string().size(), std::string("unknown: ").size() + 2001);
}

TEST(Error, TheInnermostContextWins) {
  Error error(Code::unknown);
  error.add_context("head", "", "inner").add_context("stat", "s3", "outer");
  EXPECT_EQ(error.operation(), "head");
  EXPECT_EQ(error.scheme(), "s3");
  EXPECT_EQ(error.key(), "inner");
}

TEST(Error, CopiesAreIndependent) {
  Error error(Code::unknown, "one", Retry::safe);
  Error copy = error;
  copy.set_message("two").set_outcome_unknown();
  EXPECT_EQ(error.message(), "one");
  EXPECT_FALSE(error.outcome_unknown());
  error = copy;
  EXPECT_EQ(error.message(), "two");
  EXPECT_TRUE(error.outcome_unknown());
  EXPECT_EQ(error.retry(), Retry::safe);
}

TEST(Error, NumbersAreFrozen) {
  EXPECT_EQ(static_cast<int>(Code::data_corrupted), 15);
  EXPECT_EQ(to_string(Code::data_corrupted), "data_corrupted");
  EXPECT_EQ(to_string(static_cast<Code>(200)), "unknown");
}

TEST(Result, ALoopOverATemporaryKeepsIt) {
  struct Names {
    std::vector<std::string> all;
  };
  const auto names = []() -> Result<Names> { return Names{{"a name too long for a string's own buffer", "b"}}; };
  std::string joined;
  for (const std::string& name : names().value().all) joined += name;
  EXPECT_EQ(joined, "a name too long for a string's own bufferb");
}

TEST(Checksum, AlgorithmsHaveNames) {
  EXPECT_EQ(to_string(ChecksumAlgorithm::none), "none");
  EXPECT_EQ(to_string(ChecksumAlgorithm::crc64nvme), "crc64nvme");
  EXPECT_EQ(to_string(ChecksumAlgorithm::md5), "md5");
  EXPECT_EQ(to_string(static_cast<ChecksumAlgorithm>(200)), "none");
}

TEST(Caps, HaveNamesThatCanBeRead) {
  for (unsigned i = 0; i < static_cast<unsigned>(Cap::count_); ++i) {
    Cap cap = static_cast<Cap>(i);
    ASSERT_FALSE(to_string(cap).empty());
    EXPECT_EQ(parse_cap(to_string(cap)), cap);
  }
  EXPECT_EQ(to_string(Cap::checksum), "checksum");
  EXPECT_EQ(to_string(Cap::multipart), "multipart");
  EXPECT_FALSE(parse_cap("nonsense"));
  EXPECT_FALSE(parse_cap(""));
}

void expect_extent(Range range, std::uint64_t size, std::uint64_t begin, std::uint64_t end) {
  auto extent = range.resolve(size);
  ASSERT_TRUE(extent);
  EXPECT_EQ(extent->begin, begin);
  EXPECT_EQ(extent->end, end);
}

TEST(Range, ResolvesAsHttpDoes) {
  constexpr std::uint64_t most = ~std::uint64_t{0};
  expect_extent(Range::all(), 0, 0, 0);
  expect_extent(Range::all(), 10, 0, 10);
  expect_extent(Range::from(0), 0, 0, 0);
  expect_extent(Range::from(9), 10, 9, 10);
  expect_extent(Range::bounded(2, 3), 10, 2, 5);
  expect_extent(Range::bounded(8, 5), 10, 8, 10);
  expect_extent(Range::bounded(1, most), 10, 1, 10);
  expect_extent(Range::suffix(3), 10, 7, 10);
  expect_extent(Range::suffix(30), 10, 0, 10);
  for (Range range : {Range::from(10), Range::from(most), Range::bounded(10, 1), Range::suffix(0)}) {
    EXPECT_EQ(range.resolve(10).error().code(), Code::range_not_satisfiable);
  }
  EXPECT_FALSE(Range::suffix(3).resolve(0));
  EXPECT_FALSE(Range::bounded(0, 1).resolve(0));
}

std::string read_all(const Payload& payload, std::uint64_t offset) {
  std::string out(100, '\0');
  out.resize(payload.read_at(offset, std::as_writable_bytes(std::span(out))).value());
  return out;
}

TEST(Payload, ReadsFromMemory) {
  Payload payload = Payload::text("0123456789");
  EXPECT_EQ(read_all(payload, 3), "3456789");
  EXPECT_EQ(read_all(payload, 10), "");
  EXPECT_EQ(read_all(payload.slice(2, 5), 1), "3456");
  EXPECT_EQ(read_all(payload.slice(2, 5).slice(1, 100), 0), "3456");
  EXPECT_EQ(payload.slice(20, 5).size(), 0U);
  EXPECT_EQ(as_text(*payload.slice(2, 3).contiguous()), "234");
  EXPECT_EQ(Payload().contiguous()->size(), 0U);
}

TEST(Payload, ReadsFromAFile) {
  char path[] = "/tmp/orlop-payload-XXXXXX";
  int fd = ::mkstemp(path);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::write(fd, "0123456789", 10), 10);
  Payload payload = Payload::file(fd, 2, 6);
  EXPECT_EQ(read_all(payload, 0), "234567");
  EXPECT_EQ(read_all(payload.slice(1, 3), 1), "45");
  EXPECT_FALSE(payload.contiguous());
  ASSERT_EQ(::ftruncate(fd, 4), 0);
  std::byte out[6];
  EXPECT_EQ(payload.read_at(0, out).error().code(), Code::data_corrupted);
  ::close(fd);
  ::unlink(path);
}

TEST(Context, TheEarlierDeadlineHolds) {
  Context none;
  EXPECT_FALSE(none.has_deadline());
  EXPECT_EQ(none.remaining(), Clock::duration::max());
  Context first = none.with_timeout(std::chrono::hours(1));
  EXPECT_EQ(first.with_timeout(std::chrono::hours(2)).deadline, first.deadline);
  EXPECT_LT(first.with_timeout(std::chrono::minutes(1)).deadline, first.deadline);
  EXPECT_EQ(none.with_timeout(Clock::duration::max()).deadline, none.deadline);
}

TEST(Context, Expires) {
  EXPECT_FALSE(Context{}.expired());
  EXPECT_EQ(Context{}.with_timeout(Milliseconds(0)).expired()->code(), Code::timeout);
  std::stop_source stop;
  Context context;
  context.stop = stop.get_token();
  EXPECT_FALSE(context.expired());
  stop.request_stop();
  EXPECT_EQ(context.expired()->code(), Code::canceled);
}

TEST(Context, SleepEndsWithTheCall) {
  EXPECT_TRUE(Context{}.sleep(Milliseconds(1)));
  Clock::time_point start = Clock::now();
  EXPECT_FALSE(Context{}.with_timeout(Milliseconds(10)).sleep(Milliseconds(60'000)));
  std::stop_source stop;
  Context context;
  context.stop = stop.get_token();
  std::jthread stopper([&] {
    std::this_thread::sleep_for(Milliseconds(10));
    stop.request_stop();
  });
  EXPECT_FALSE(context.sleep(Milliseconds(60'000)));
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(20));
}

TEST(RetryBudget, IsNeverOverdrawnNorOverfilled) {
  RetryBudget budget(10);
  EXPECT_TRUE(budget.take(7));
  EXPECT_FALSE(budget.take(7));
  EXPECT_EQ(budget.tokens(), 3);
  budget.give_back(100);
  EXPECT_EQ(budget.tokens(), 10);
}

}  // namespace
}  // namespace orlop
