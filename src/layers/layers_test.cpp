// check, observe, timeout and prefix.
#include "orlop/layers/layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "layers/faulty_driver.h"
#include "orlop/backends/memory.h"

namespace orlop::layers {
namespace {

using orlop::testing::broken_connection;
using orlop::testing::FaultyDriver;
using ::testing::ElementsAre;

PutRequest put_of(std::string_view key, std::string_view text) { return {.key = key, .payload = Payload::text(text)}; }

class Check : public ::testing::Test {
 protected:
  // Expects the refusal to come before any call of the driver.
  template <class T>
  void expect_refused(const Result<T>& result, Code code) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), code) << result.error().to_string();
    EXPECT_FALSE(result.error().operation().empty());
    EXPECT_EQ(result.error().scheme(), "mem");
    EXPECT_THAT(faulty_->calls, ElementsAre());
  }
  template <class Change>
  void with(Change change) {
    change(faulty_->change_info());
    driver_ = check(faulty_);
  }

  std::shared_ptr<FaultyDriver> faulty_ = std::make_shared<FaultyDriver>(memory::open());
  std::shared_ptr<Driver> driver_ = check(faulty_);
  Context context_;
};

TEST_F(Check, RefusesKeysThatAreNone) {
  for (std::string_view key :
       {std::string_view(""), std::string_view("a\0b", 3), std::string_view("\xFF"), std::string_view("\xC0\xAF"),
        std::string_view("\xED\xA0\x80"), std::string_view("\xF4\x90\x80\x80"), std::string_view("a\xE2\x82")}) {
    expect_refused(driver_->stat(context_, {.key = key}), Code::invalid_argument);
    expect_refused(driver_->put(context_, put_of(key, "x")), Code::invalid_argument);
    expect_refused(driver_->remove(context_, {.keys = {"ok", std::string(key)}}), Code::invalid_argument);
    expect_refused(driver_->copy(context_, {.from = "a", .to = key}), Code::invalid_argument);
    expect_refused(driver_->move(context_, {.from = key, .to = "a"}), Code::invalid_argument);
  }
}

TEST_F(Check, LetsOddKeysThrough) {
  for (std::string_view key : {"a//b", "/a", "../a", " ", "\n", "ä€😀", "\xF4\x8F\xBF\xBF", "a\\b", "a?b#c%2F"}) {
    EXPECT_TRUE(driver_->put(context_, put_of(key, "x"))) << key;
  }
}

TEST_F(Check, HoldsToTheLimits) {
  with([](DriverInfo& info) { info.limits = {.key_bytes = 5, .put_max = 3, .remove_batch = 2}; });
  expect_refused(driver_->stat(context_, {.key = "123456"}), Code::invalid_argument);
  expect_refused(driver_->put(context_, put_of("k", "1234")), Code::invalid_argument);
  expect_refused(driver_->remove(context_, {.keys = {"a", "b", "c"}}), Code::invalid_argument);
  EXPECT_TRUE(driver_->put(context_, put_of("12345", "123")));
}

TEST_F(Check, RefusesWhatTheDriverWouldIgnore) {
  with([](DriverInfo& info) { info.caps = {}; });
  Conditions conditions{.if_match = "x"};
  expect_refused(driver_->stat(context_, {.key = "k", .conditions = conditions}), Code::unsupported);
  expect_refused(driver_->stat(context_, {.key = "k", .version = "1"}), Code::unsupported);
  expect_refused(driver_->read(context_, {.key = "k", .conditions = conditions}), Code::unsupported);
  expect_refused(driver_->read(context_, {.key = "k", .range = Range::suffix(1)}), Code::unsupported);
  expect_refused(driver_->put(context_, {.key = "k", .mode = PutMode::create}), Code::unsupported);
  expect_refused(driver_->put(context_, {.key = "k", .mode = PutMode::match, .if_match = "x"}), Code::unsupported);
  expect_refused(driver_->write(context_, {.key = "k", .mode = PutMode::create}), Code::unsupported);
  expect_refused(driver_->write(context_, {.key = "k", .mode = PutMode::match, .if_match = "x"}), Code::unsupported);
  expect_refused(driver_->list(context_, {.start_after = "a"}), Code::unsupported);
  expect_refused(driver_->copy(context_, {.from = "a", .to = "b"}), Code::unsupported);
  expect_refused(driver_->move(context_, {.from = "a", .to = "b"}), Code::unsupported);
  expect_refused(driver_->public_url("k"), Code::unsupported);
  for (SignedMethod method :
       {SignedMethod::get, SignedMethod::head, SignedMethod::put, SignedMethod::remove, SignedMethod::post}) {
    expect_refused(driver_->presign(context_, {.method = method, .key = "k"}), Code::unsupported);
  }
}

TEST_F(Check, RefusesConditionalCopiesWithoutTheGuard) {
  with([](DriverInfo& info) { info.caps.remove(Cap::copy_create); });
  expect_refused(driver_->copy(context_, {.from = "a", .to = "b", .mode = PutMode::create}), Code::unsupported);
}

TEST_F(Check, AMatchNeedsAnEtag) {
  expect_refused(driver_->put(context_, {.key = "k", .mode = PutMode::match}), Code::invalid_argument);
}

TEST_F(Check, RefusesHeadersInsideOfHeaders) {
  Attrs type{.content_type = "text/plain\r\nx-evil: 1"};
  expect_refused(driver_->put(context_, {.key = "k", .attrs = &type}), Code::invalid_argument);
  Attrs value;
  value.user = {{"name", "a\nb"}};
  expect_refused(driver_->put(context_, {.key = "k", .attrs = &value}), Code::invalid_argument);
  Attrs name;
  name.user = {{"Na me", "x"}};
  expect_refused(driver_->write(context_, {.key = "k", .attrs = name}), Code::invalid_argument);
}

TEST_F(Check, TellsWhereAnErrorHappened) {
  auto error = driver_->stat(context_, {.key = "dir/a"}).error();
  EXPECT_EQ(error.operation(), "stat");
  EXPECT_EQ(error.scheme(), "mem");
  EXPECT_EQ(error.key(), "dir/a");
}

TEST_F(Check, RemovingNothingAsksNobody) {
  EXPECT_TRUE(driver_->remove(context_, {}).value().empty());
  EXPECT_THAT(faulty_->calls, ElementsAre());
}

struct Recorder final : TraceSink {
  void on_call(const CallEvent& event) noexcept override {
    calls.push_back(std::string(event.operation) + (event.error ? "!" : ""));
  }
  void on_request(const RequestEvent& event) noexcept override { requests.emplace_back(event.operation); }
  void on_retry(const RetryEvent& event) noexcept override { retries.push_back(event.attempt); }
  std::vector<std::string> calls;
  std::vector<std::string> requests;
  std::vector<int> retries;
};

TEST(Observe, TellsBothSinksOfCallsRequestsAndRetries) {
  auto own = std::make_shared<Recorder>();
  Recorder callers;
  auto faulty = std::make_shared<FaultyDriver>(memory::open());
  faulty->on_call = [](const Context& context, const Call& call) {
    if (context.trace) context.trace->on_request({.method = "GET", .operation = call.operation, .host = "h"});
  };
  faulty->fail({"put", broken_connection()});
  auto driver = observe(retry(faulty, {.base_delay = Milliseconds(0)}), own);
  Context context;
  context.trace = &callers;
  EXPECT_TRUE(driver->put(context, put_of("k", "text")));
  EXPECT_FALSE(driver->stat(context, {.key = "absent"}));
  for (Recorder* sink : {own.get(), &callers}) {
    EXPECT_THAT(sink->calls, ElementsAre("put", "stat!"));
    EXPECT_THAT(sink->requests, ElementsAre("put", "put", "stat"));
    EXPECT_THAT(sink->retries, ElementsAre(1));
  }
  EXPECT_TRUE(driver->stat({}, {.key = "k"}));
  EXPECT_EQ(own->calls.size(), 3U);
  EXPECT_EQ(callers.calls.size(), 2U);
}

TEST(Observe, GoesOnWhileABodyIsRead) {
  auto own = std::make_shared<Recorder>();
  Recorder callers;
  auto faulty = std::make_shared<FaultyDriver>(memory::open());
  auto driver = observe(retry(faulty, {.base_delay = Milliseconds(0)}), own);
  Context context;
  context.trace = &callers;
  EXPECT_TRUE(driver->put(context, put_of("k", "text")));
  faulty->break_bodies({2});
  auto reader = driver->read(context, {.key = "k"}).value();
  std::byte block[2];
  EXPECT_EQ(reader->read(block).value(), 2U);
  EXPECT_EQ(reader->read(block).value(), 2U);
  EXPECT_THAT(own->retries, ElementsAre(1));
  EXPECT_THAT(callers.retries, ElementsAre(1));
}

TEST(Timeout, EndsAnAttemptAndNotTheCall) {
  auto faulty = std::make_shared<FaultyDriver>(memory::open());
  std::vector<Clock::duration> left;
  int slow = 2;
  faulty->on_call = [&](const Context& context, const Call&) {
    left.push_back(context.remaining());
    if (slow-- > 0) std::this_thread::sleep_for(context.remaining());  // the driver's own call then finds it expired
  };
  auto driver = retry(timeout(faulty, Milliseconds(30)), {.base_delay = Milliseconds(0)});
  auto meta = driver->put(Context{}.with_timeout(Milliseconds(5000)), put_of("k", "x"));
  EXPECT_TRUE(meta) << meta.error().to_string();
  ASSERT_EQ(left.size(), 3U);
  for (auto duration : left) EXPECT_LE(duration, Milliseconds(30));
}

TEST(Timeout, TheCallsOwnLimitIsFinal) {
  auto faulty = std::make_shared<FaultyDriver>(memory::open());
  faulty->on_call = [&](const Context& context, const Call&) { std::this_thread::sleep_for(context.remaining()); };
  auto driver = retry(timeout(faulty, Milliseconds(1000)), {.base_delay = Milliseconds(0)});
  auto result = driver->stat(Context{}.with_timeout(Milliseconds(30)), {.key = "k"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::timeout);
  EXPECT_EQ(faulty->count("stat"), 1);
}

class Prefix : public ::testing::Test {
 protected:
  std::shared_ptr<Driver> store_ = memory::open();
  std::shared_ptr<Driver> driver_ = prefix(store_, "loc");
  Context context_;
};

TEST_F(Prefix, StandsBeforeEveryKey) {
  EXPECT_TRUE(driver_->put(context_, put_of("a", "1")));
  auto writer = driver_->write(context_, {.key = "b"}).value();
  EXPECT_TRUE(writer->write(as_bytes("2")));
  EXPECT_TRUE(writer->commit());
  EXPECT_TRUE(driver_->copy(context_, {.from = "a", .to = "c"}));
  EXPECT_TRUE(driver_->move(context_, {.from = "b", .to = "d"}));
  for (std::string_view key : {"loc/a", "loc/c", "loc/d"}) EXPECT_TRUE(store_->stat(context_, {.key = key})) << key;
  EXPECT_TRUE(driver_->stat(context_, {.key = "a"}));
  EXPECT_TRUE(driver_->read(context_, {.key = "d"}));
  EXPECT_TRUE(driver_->remove(context_, {.keys = {"a", "c", "d"}}));
  EXPECT_TRUE(store_->list(context_, {}).value().entries.empty());
}

TEST_F(Prefix, LongKeysStayWhole) {
  std::string key(1000, 'k');
  EXPECT_TRUE(driver_->put(context_, put_of(key, "1")));
  EXPECT_TRUE(store_->stat(context_, {.key = "loc/" + key}));
}

TEST_F(Prefix, IsTakenOffListings) {
  for (std::string_view key : {"loc/a", "loc/b/c", "loc", "location/a", "other"}) {
    EXPECT_TRUE(store_->put(context_, put_of(key, "1")));
  }
  auto keys = [&](const ListRequest& request) {
    std::vector<std::string> result;
    Page page = driver_->list(context_, request).value();
    for (const Entry& entry : page.entries) result.push_back(entry.key);
    return result;
  };
  EXPECT_THAT(keys({}), ElementsAre("a", "b/c"));
  EXPECT_THAT(keys({.delimiter = "/"}), ElementsAre("a", "b/"));
  EXPECT_THAT(keys({.prefix = "b"}), ElementsAre("b/c"));
  EXPECT_THAT(keys({.start_after = "a"}), ElementsAre("b/c"));
}

TEST_F(Prefix, TakesItsLengthOffTheLimit) {
  auto faulty = std::make_shared<FaultyDriver>(store_);
  faulty->change_info().limits.key_bytes = 10;
  EXPECT_EQ(prefix(faulty, "loc/")->info().limits.key_bytes, 6U);
  EXPECT_EQ(prefix(faulty, "longer-than-ten")->info().limits.key_bytes, 0U);
}

TEST(Describe, NamesTheLayersFromOutsideIn) {
  auto driver = check(observe(retry(timeout(prefix(memory::open(), "p"), Milliseconds(1)), {}), nullptr));
  EXPECT_THAT(describe(*driver), ElementsAre("check", "observe", "retry", "timeout", "prefix", "mem"));
  EXPECT_THAT(describe(*memory::open()), ElementsAre("mem"));
}

}  // namespace
}  // namespace orlop::layers
