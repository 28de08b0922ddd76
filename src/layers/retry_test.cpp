// What is repeated, what is not, and what is found out afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/payload_checksum.h"
#include "layers/faulty_driver.h"
#include "orlop/backends/memory.h"
#include "orlop/layers/layers.h"

namespace orlop::layers {
namespace {

using orlop::testing::broken_connection;
using orlop::testing::FaultyDriver;
using orlop::testing::lost_answer;

class Retry : public ::testing::Test {
 protected:
  Retry() {
    policy_.base_delay = Milliseconds(0);
    policy_.budget = std::make_shared<RetryBudget>(500);
    reset();
  }

  void reset() { driver_ = retry(faulty_, policy_); }

  Result<Meta> put(std::string_view text, PutMode mode = PutMode::overwrite, std::string_view if_match = {}) {
    return driver_->put(context_, {.key = "k", .payload = Payload::text(text), .mode = mode, .if_match = if_match});
  }
  // As a rival would, unseen by the layer.
  void store(std::string_view text) { store_->put(context_, {.key = "k", .payload = Payload::text(text)}).value(); }
  std::string content() {
    auto reader = store_->read(context_, {.key = "k"}).value();
    std::string text(reader->meta().size, '\0');
    std::size_t n = reader->read(std::as_writable_bytes(std::span(text))).value();
    text.resize(n);
    return text;
  }
  // Lets stat tell the checksum of `text`, as S3 does.
  void tell_checksum_of(std::string text) {
    faulty_->edit_meta = [text = std::move(text)](Meta& meta) {
      meta.checksum = engine::checksum_of(Payload::text(text), ChecksumAlgorithm::sha256).value();
    };
  }

  std::shared_ptr<Driver> store_ = memory::open();
  std::shared_ptr<FaultyDriver> faulty_ = std::make_shared<FaultyDriver>(store_);
  RetryPolicy policy_;
  Context context_;
  std::shared_ptr<Driver> driver_;
};

TEST_F(Retry, RepeatsWhatPasses) {
  store("text");
  faulty_->fail({"stat", broken_connection()});
  faulty_->fail({"stat", broken_connection()});
  EXPECT_EQ(driver_->stat(context_, {.key = "k"}).value().size, 4U);
  EXPECT_EQ(faulty_->count("stat"), 3);
}

TEST_F(Retry, GivesUpAndSaysSo) {
  for (int i = 0; i < 10; ++i) faulty_->fail({"stat", broken_connection()});
  auto result = driver_->stat(context_, {.key = "k"});
  ASSERT_FALSE(result);
  EXPECT_EQ(faulty_->count("stat"), policy_.max_attempts);
  EXPECT_EQ(result.error().attempts(), policy_.max_attempts);
  EXPECT_EQ(result.error().retry(), orlop::Retry::exhausted);
}

TEST_F(Retry, DoesNotRepeatWhatStays) {
  auto result = driver_->stat(context_, {.key = "absent"});
  EXPECT_EQ(result.error().code(), Code::not_found);
  EXPECT_EQ(result.error().retry(), orlop::Retry::never);
  EXPECT_EQ(faulty_->count("stat"), 1);
}

TEST_F(Retry, StopsWhenTheBudgetIsSpent) {
  policy_.budget = std::make_shared<RetryBudget>(12);
  reset();
  for (int i = 0; i < 10; ++i) faulty_->fail({"stat", broken_connection()});
  EXPECT_FALSE(driver_->stat(context_, {.key = "k"}));
  EXPECT_EQ(faulty_->count("stat"), 3);
  EXPECT_EQ(policy_.budget->tokens(), 2);
}

TEST_F(Retry, EndsBeforeTheDeadline) {
  policy_.base_delay = policy_.max_delay = Milliseconds(60'000);
  reset();
  for (int i = 0; i < 10; ++i) faulty_->fail({"stat", broken_connection().set_retry_after(Milliseconds(60'000))});
  Clock::time_point start = Clock::now();
  auto result = driver_->stat(context_.with_timeout(Milliseconds(5000)), {.key = "k"});
  EXPECT_EQ(result.error().code(), Code::unavailable);
  EXPECT_EQ(result.error().retry(), orlop::Retry::exhausted);
  EXPECT_LT(Clock::now() - start, Milliseconds(2000));
}

TEST_F(Retry, ObeysRetryAfter) {
  store("text");
  faulty_->fail({"stat", broken_connection().set_retry_after(Milliseconds(60))});
  Clock::time_point start = Clock::now();
  EXPECT_TRUE(driver_->stat(context_, {.key = "k"}));
  EXPECT_GE(Clock::now() - start, Milliseconds(60));
}

TEST_F(Retry, DoesNotWaitForHours) {
  faulty_->fail({"stat", broken_connection().set_retry_after(std::chrono::hours(5))});
  EXPECT_EQ(driver_->stat(context_, {.key = "k"}).error().retry(), orlop::Retry::exhausted);
  EXPECT_EQ(faulty_->count("stat"), 1);
}

TEST_F(Retry, PaysMoreForATimeLimit) {
  faulty_->fail({"put", Error(Code::timeout, "slow", orlop::Retry::safe)});
  faulty_->fail({"put", broken_connection()});
  faulty_->fail({"put", Error(Code::permission_denied)});
  EXPECT_FALSE(put("text"));
  EXPECT_EQ(policy_.budget->tokens(), 500 - 15);
}

TEST_F(Retry, PassesItsPolicyOn) {
  faulty_->on_call = [&](const Context& inner, const Call&) {
    ASSERT_TRUE(inner.retry);
    EXPECT_EQ(inner.retry->budget, policy_.budget);
  };
  EXPECT_TRUE(put("text"));
}

TEST_F(Retry, OverwritesAgainAfterALostAnswer) {
  faulty_->fail({"put", lost_answer(), true});
  EXPECT_TRUE(put("text"));
  EXPECT_EQ(faulty_->count("put"), 2);
  EXPECT_EQ(faulty_->count("stat"), 0);
}

TEST_F(Retry, RecognisesItsOwnCreation) {
  tell_checksum_of("mine");
  faulty_->fail({"put", lost_answer(), true});
  auto result = put("mine", PutMode::create);
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->size, 4U);
  EXPECT_EQ(faulty_->count("put"), 2);
  EXPECT_EQ(faulty_->count("stat"), 1);
}

TEST_F(Retry, RecognisesItsOwnCreationByAnMd5) {
  faulty_->edit_meta = [](Meta& meta) { meta.etag = "\"5eb63bbbe01eeed093cb22bb8f5acdc3\""; };
  faulty_->fail({"put", lost_answer(), true});
  EXPECT_TRUE(put("hello world", PutMode::create));
}

TEST_F(Retry, ReportsARivalOfAnotherSize) {
  faulty_->fail({"put", lost_answer(), false});
  faulty_->on_call = [&](const Context&, const Call& call) {
    if (call.operation == "put" && faulty_->count("put") == 1) store("the rival's");
  };
  auto result = put("mine", PutMode::create);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::already_exists);
  EXPECT_FALSE(result.error().outcome_unknown());
  EXPECT_EQ(content(), "the rival's");
}

TEST_F(Retry, ReportsARivalByItsChecksum) {
  tell_checksum_of("his.");
  faulty_->fail({"put", lost_answer(), true});
  EXPECT_EQ(put("mine", PutMode::create).error().code(), Code::already_exists);
}

TEST_F(Retry, EqualContentFromLongAgoIsNotOurs) {
  store("mine");
  tell_checksum_of("mine");
  faulty_->edit_meta = [edit = faulty_->edit_meta](Meta& meta) {
    edit(meta);
    meta.modified = *meta.modified - std::chrono::hours(1);
  };
  faulty_->fail({"put", lost_answer(), false});
  EXPECT_EQ(put("mine", PutMode::create).error().code(), Code::already_exists);
}

TEST_F(Retry, SaysWhenItCannotBeTold) {
  faulty_->fail({"put", lost_answer(), true});
  auto result = put("mine", PutMode::create);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::unknown);
  EXPECT_TRUE(result.error().outcome_unknown());
  EXPECT_THAT(std::string(result.error().message()), ::testing::HasSubstr("could not be found out"));
}

TEST_F(Retry, RecognisesItsOwnReplacement) {
  store("old");
  std::string etag = store_->stat(context_, {.key = "k"}).value().etag;
  tell_checksum_of("new!");
  faulty_->fail({"put", lost_answer(), true});
  EXPECT_TRUE(put("new!", PutMode::match, etag));
  EXPECT_EQ(content(), "new!");
}

TEST_F(Retry, AConflictHeardAtOnceIsOne) {
  store("there");
  EXPECT_EQ(put("mine", PutMode::create).error().code(), Code::already_exists);
  EXPECT_EQ(faulty_->count("stat"), 0);
}

TEST_F(Retry, RepeatsAConflictThatPasses) {
  faulty_->fail({"put", Error(Code::precondition_failed, "ConditionalRequestConflict", orlop::Retry::safe)});
  EXPECT_TRUE(put("mine", PutMode::create));
}

TEST_F(Retry, SettlesAnExhaustedOverwriteAsDone) {
  tell_checksum_of("mine");
  for (int i = 0; i < policy_.max_attempts; ++i) faulty_->fail({"put", lost_answer(), true});
  EXPECT_TRUE(put("mine"));
}

TEST_F(Retry, SettlesAnExhaustedOverwriteAsNotDone) {
  for (int i = 0; i < policy_.max_attempts; ++i) faulty_->fail({"put", lost_answer(), false});
  auto result = put("mine");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::unavailable);
  EXPECT_EQ(result.error().retry(), orlop::Retry::exhausted);
  EXPECT_FALSE(result.error().outcome_unknown());
}

TEST_F(Retry, StaysUnknownWhenTheServiceIsGone) {
  for (int i = 0; i < policy_.max_attempts; ++i) faulty_->fail({"put", lost_answer(), true});
  for (int i = 0; i < policy_.max_attempts; ++i) faulty_->fail({"stat", broken_connection()});
  auto result = put("mine");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::unknown);
  EXPECT_TRUE(result.error().outcome_unknown());
}

TEST_F(Retry, ACanceledPutStaysCanceled) {
  std::stop_source stop;
  context_.stop = stop.get_token();
  faulty_->fail({"put", Error(Code::canceled, "stopped").set_outcome_unknown()});
  faulty_->on_call = [&](const Context&, const Call&) { stop.request_stop(); };
  auto result = put("mine");
  EXPECT_EQ(result.error().code(), Code::canceled);
  EXPECT_TRUE(result.error().outcome_unknown());
}

TEST_F(Retry, RepeatsOnlyTheKeysThatFailed) {
  std::vector<std::vector<std::string>> requests;
  faulty_->edit_removes = [&](const RemoveRequest& request, RemoveResults& results) {
    requests.push_back(request.keys);
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (request.keys[i] == "denied") results[i] = Error(Code::permission_denied);
      if (request.keys[i] == "slow" && requests.size() < 3) results[i] = broken_connection();
    }
  };
  auto results = driver_->remove(context_, {.keys = {"a", "denied", "slow", "b"}}).value();
  EXPECT_FALSE(results[0]);
  EXPECT_EQ(results[1]->code(), Code::permission_denied);
  EXPECT_FALSE(results[2]);
  EXPECT_FALSE(results[3]);
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_THAT(requests[1], ::testing::ElementsAre("slow"));
}

TEST_F(Retry, AMoveWhoseAnswerWasLostIsDone) {
  store("text");
  faulty_->fail({"move", lost_answer(), true});
  auto moved = driver_->move(context_, {.from = "k", .to = "new"});
  EXPECT_TRUE(moved) << moved.error().to_string();
  EXPECT_EQ(driver_->move(context_, {.from = "absent", .to = "new"}).error().code(), Code::not_found);
}

TEST_F(Retry, ACopyWhoseAnswerWasLostIsNotAConflict) {
  store("text");
  tell_checksum_of("text");
  faulty_->fail({"copy", lost_answer(), true});
  auto copied = driver_->copy(context_, {.from = "k", .to = "new", .mode = PutMode::create});
  EXPECT_TRUE(copied) << copied.error().to_string();
}

class Resuming : public Retry {
 protected:
  Resuming() {
    for (int i = 0; i < 1000; ++i) text_ += static_cast<char>('a' + i % 26);
    store(text_);
  }

  // In pieces of 100 bytes.
  Result<std::string> read(Range range) {
    ORLOP_ASSIGN(std::unique_ptr<Reader> reader, driver_->read(context_, {.key = "k", .range = range}));
    std::string got;
    for (;;) {
      std::byte block[100];
      ORLOP_ASSIGN(std::size_t n, reader->read(block));
      if (n == 0) return got;
      got += as_text(Bytes(block, n));
    }
  }

  std::string text_;
};

TEST_F(Resuming, GoesOnAtTheDeliveredByte) {
  faulty_->break_bodies({150, 0, 333});
  EXPECT_EQ(read(Range::all()).value(), text_);
  ASSERT_EQ(faulty_->reads.size(), 4U);
  EXPECT_EQ(faulty_->reads[1].range, Range::from(150));
  EXPECT_EQ(faulty_->reads[3].range, Range::from(483));
  EXPECT_FALSE(faulty_->reads[3].conditions.if_match.empty());
}

TEST_F(Resuming, KeepsToTheRangeAskedFor) {
  faulty_->break_bodies({10});
  EXPECT_EQ(read(Range::bounded(100, 300)).value(), text_.substr(100, 300));
  EXPECT_EQ(faulty_->reads[1].range, Range::bounded(110, 290));
  faulty_->break_bodies({10});
  EXPECT_EQ(read(Range::suffix(50)).value(), text_.substr(950));
}

TEST_F(Resuming, RefusesAnotherVersion) {
  faulty_->break_bodies({150});
  auto reader = driver_->read(context_, {.key = "k"}).value();
  std::vector<std::byte> block(150);
  EXPECT_EQ(reader->read(block).value(), 150U);
  store(std::string(1000, 'x'));
  auto n = reader->read(block);
  ASSERT_FALSE(n);
  EXPECT_EQ(n.error().code(), Code::precondition_failed);
  EXPECT_FALSE(reader->read(block));
}

TEST_F(Resuming, RefusesAnotherVersionFromWhoIgnoresConditions) {
  faulty_->change_info().caps.remove(Cap::read_conditions);
  reset();
  faulty_->break_bodies({150});
  auto reader = driver_->read(context_, {.key = "k"}).value();
  std::vector<std::byte> block(150);
  EXPECT_EQ(reader->read(block).value(), 150U);
  store(std::string(1000, 'x'));
  EXPECT_EQ(reader->read(block).error().code(), Code::precondition_failed);
}

TEST_F(Resuming, SaysWhenTheObjectIsGone) {
  faulty_->break_bodies({150});
  auto reader = driver_->read(context_, {.key = "k"}).value();
  std::vector<std::byte> block(150);
  EXPECT_EQ(reader->read(block).value(), 150U);
  store_->remove(context_, {.keys = {"k"}}).value();
  EXPECT_EQ(reader->read(block).error().code(), Code::precondition_failed);
}

TEST_F(Resuming, GivesUpWithoutProgress) {
  faulty_->break_bodies({150, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  auto result = read(Range::all());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().retry(), orlop::Retry::exhausted);
  EXPECT_EQ(faulty_->reads.size(), 1U + static_cast<std::size_t>(policy_.max_attempts) - 1U);
}

TEST_F(Resuming, GivesUpWhereEachConnectionBringsAFewBytes) {
  faulty_->break_bodies(std::vector<std::size_t>(50, 10));
  auto result = read(Range::all());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().retry(), orlop::Retry::exhausted);
  EXPECT_EQ(faulty_->reads.size(), static_cast<std::size_t>(policy_.max_attempts));
}

TEST_F(Resuming, ProgressEarnsFurtherAttempts) {
  const std::string large(2 << 20, 'l');
  store(large);
  faulty_->break_bodies(std::vector<std::size_t>(20, 80 << 10));
  EXPECT_EQ(read(Range::all()).value(), large);
  EXPECT_EQ(faulty_->reads.size(), 21U);
}

TEST_F(Resuming, DoesNotRepeatAFaultFoundAtTheEnd) {
  faulty_->break_bodies({1000});
  auto result = read(Range::all());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::data_corrupted);
  EXPECT_EQ(faulty_->reads.size(), 1U);
}

}  // namespace
}  // namespace orlop::layers
