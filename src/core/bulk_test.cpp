#include "orlop/bulk.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "layers/faulty_driver.h"
#include "orlop/backends/memory.h"

namespace orlop {
namespace {

using orlop::testing::FaultyDriver;

std::vector<std::string> numbered(int count) {
  std::vector<std::string> keys;
  for (int i = 0; i < count; ++i) keys.push_back("key-" + std::to_string(i));
  return keys;
}

std::vector<Upload> uploads_of(const std::vector<std::string>& keys) {
  std::vector<Upload> uploads;
  for (const std::string& key : keys) uploads.push_back({.key = key, .payload = Payload::text(key)});
  return uploads;
}

class BulkTest : public ::testing::Test {
 protected:
  std::shared_ptr<Driver> driver_ = memory::open();
  Context context_;
};

TEST_F(BulkTest, StoresAndReadsEachAtItsPlace) {
  auto keys = numbered(200);
  auto stored = put_many(context_, *driver_, uploads_of(keys));
  ASSERT_EQ(stored.size(), keys.size());
  keys.push_back("absent");
  auto bodies = get_many(context_, *driver_, keys, {.concurrency = 7});
  auto facts = stat_many(context_, *driver_, keys);
  for (std::size_t i = 0; i < 200; ++i) {
    EXPECT_EQ(bodies[i].value(), keys[i]);
    EXPECT_EQ(facts[i].value().etag, stored[i].value().etag);
  }
  EXPECT_EQ(bodies[200].error().code(), Code::not_found);
  EXPECT_EQ(facts[200].error().code(), Code::not_found);
}

TEST_F(BulkTest, OneThatFailsDoesNotStopTheOthers) {
  auto keys = numbered(20);
  auto uploads = uploads_of(keys);
  put_many(context_, *driver_, std::span(uploads).subspan(3, 1)).at(0).value();
  uploads[3].mode = PutMode::create;
  uploads[5].mode = PutMode::match;
  uploads[5].if_match = "\"of something else\"";
  uploads[7].path = "/nonexistent/file";
  auto results = put_many(context_, *driver_, uploads);
  EXPECT_EQ(results[3].error().code(), Code::already_exists);
  EXPECT_EQ(results[5].error().code(), Code::precondition_failed);
  EXPECT_EQ(results[7].error().code(), Code::not_found);
  for (std::size_t i : {0U, 4U, 19U}) EXPECT_TRUE(results[i]) << i;
}

TEST_F(BulkTest, SendsFilesWholeAndInParts) {
  auto path = std::filesystem::temp_directory_path() / ("orlop-bulk-" + std::to_string(getpid()));
  std::ofstream(path) << std::string(100, 'x');
  std::vector<Upload> uploads = {{.key = "file", .path = path, .attrs = {.content_type = "text/own"}}};
  for (std::uint64_t limit : {1000U, 10U}) {
    auto results = put_many(context_, *driver_, uploads, {.one_request_below = limit});
    EXPECT_EQ(results.at(0).value().size, 100U);
    EXPECT_EQ(driver_->stat(context_, {.key = "file"}).value().attrs.content_type, "text/own");
    driver_->remove(context_, {{"file"}}).value();
  }
  std::filesystem::remove(path);
}

TEST_F(BulkTest, KeepsToItsConcurrencyAndStopsWhenTold) {
  FaultyDriver faulty(driver_);
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  std::stop_source stop;
  context_.stop = stop.get_token();
  faulty.on_call = [&](const Context&, const Call&) {
    int count = ++now;
    for (int seen = most; count > seen && !most.compare_exchange_weak(seen, count);) {
    }
    std::this_thread::sleep_for(Milliseconds(1));
    --now;
  };
  stat_many(context_, faulty, numbered(50), {.concurrency = 1});
  EXPECT_EQ(most, 1);
  stat_many(context_, faulty, numbered(50), {.concurrency = 8});
  EXPECT_GT(most, 1);
  EXPECT_LE(most, 8);
  stop.request_stop();
  for (const auto& result : put_many(context_, *driver_, uploads_of(numbered(50)))) {
    EXPECT_EQ(result.error().code(), Code::canceled);
  }
}

TEST_F(BulkTest, RemovesInBatchesWithAnOutcomeEach) {
  auto keys = numbered(2500);
  put_many(context_, *driver_, uploads_of(keys));
  keys.push_back("absent");
  RemoveResults results = remove_many(context_, *driver_, keys);
  ASSERT_EQ(results.size(), keys.size());
  for (const auto& error : results) EXPECT_FALSE(error);
  EXPECT_TRUE(driver_->list(context_, {}).value().entries.empty());
  EXPECT_TRUE(remove_many(context_, *driver_, {}).empty());
}

}  // namespace
}  // namespace orlop
