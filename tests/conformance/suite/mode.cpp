// create and match: what a write may replace.
#include <atomic>
#include <thread>

#include "subject.h"

namespace orlop::testing {
namespace {

constexpr int writers = 16;
constexpr int rounds = 4;

// Publishes by put() or through a Writer, so that both are held to the same.
using Publish = Result<Meta> (*)(Subject&, const std::string& key, std::string_view text, PutMode mode,
                                 std::string_view if_match);

Result<Meta> by_put(Subject& subject, const std::string& key, std::string_view text, PutMode mode,
                    std::string_view if_match) {
  return subject.put(key, text, mode, if_match);
}

Result<Meta> by_writer(Subject& subject, const std::string& key, std::string_view text, PutMode mode,
                       std::string_view if_match) {
  ORLOP_ASSIGN(auto writer, subject.write(key, mode, if_match));
  ORLOP_TRY(writer->write(as_bytes(text)));
  return writer->commit();
}

void refuses_unclaimed(Subject& subject, Publish publish, PutMode mode) {
  std::string key = subject.key("object");
  EXPECT_TRUE(fails(publish(subject, key, "new", mode, "\"x\""), Code::unsupported));
  EXPECT_FALSE(subject.exists(key));
  ASSERT_TRUE(ok(subject.put(key, "old")));
  EXPECT_TRUE(fails(publish(subject, key, "new", mode, "\"x\""), Code::unsupported));
  EXPECT_EQ(subject.get(key).value_or("?"), "old");
}

void creates(Subject& subject, Publish publish, Cap cap) {
  if (!subject.can(cap)) return refuses_unclaimed(subject, publish, PutMode::create);
  std::string key = subject.key("object");
  EXPECT_TRUE(ok(publish(subject, key, "first", PutMode::create, {})));
  EXPECT_TRUE(fails(publish(subject, key, "second", PutMode::create, {}), Code::already_exists));
  EXPECT_EQ(subject.get(key).value_or("?"), "first");
  ASSERT_TRUE(ok(subject.remove(key)));
  EXPECT_TRUE(ok(publish(subject, key, "third", PutMode::create, {})));
  EXPECT_EQ(subject.get(key).value_or("?"), "third");
}

void matches(Subject& subject, Publish publish, Cap cap) {
  if (!subject.can(cap)) return refuses_unclaimed(subject, publish, PutMode::match);
  std::string key = subject.key("object");
  auto absent = publish(subject, key, "x", PutMode::match, "\"0123456789abcdef0123456789abcdef\"");
  EXPECT_FALSE(absent);
  EXPECT_FALSE(subject.exists(key));
  ASSERT_TRUE(ok(subject.put(key, "one")));
  std::string one = subject.stat(key)->etag;
  EXPECT_TRUE(ok(publish(subject, key, "two", PutMode::match, one)));
  EXPECT_TRUE(fails(publish(subject, key, "three", PutMode::match, one), Code::precondition_failed));
  EXPECT_EQ(subject.get(key).value_or("?"), "two");
  EXPECT_TRUE(ok(publish(subject, key, "four", PutMode::match, subject.stat(key)->etag)));
}

// All at once; counts those that were told they won. What they write is new each time: etags may be digests.
int race(Subject& subject, Publish publish, const std::string& key, PutMode mode, const std::string& etag,
         Code losers) {
  static std::atomic<int> races{0};
  std::string race_name = "race " + std::to_string(++races);
  std::atomic<int> won{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < writers; ++i)
    threads.emplace_back([&, i] {
      while (!go) std::this_thread::yield();
      std::string text = race_name + ", writer " + std::to_string(i);
      auto done = publish(subject, key, text, mode, etag);
      if (done)
        ++won;
      else
        // A store under pressure may leave an answer open; the count of winners is what must be right.
        EXPECT_TRUE(fails(done, losers) || fails(done, Code::unknown));
    });
  go = true;
  for (std::thread& thread : threads) thread.join();
  return won;
}

void creates_one_winner(Subject& subject, Publish publish, Cap cap) {
  if (!subject.can(cap)) return refuses_unclaimed(subject, publish, PutMode::create);
  subject.driver();
  for (int round = 0; round < rounds; ++round) {
    std::string key = subject.key("object" + std::to_string(round));
    EXPECT_EQ(race(subject, publish, key, PutMode::create, {}, Code::already_exists), 1);
    EXPECT_TRUE(subject.exists(key));
  }
}

void matches_one_winner(Subject& subject, Publish publish, Cap cap) {
  if (!subject.can(cap)) return refuses_unclaimed(subject, publish, PutMode::match);
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, "start")));
  for (int round = 0; round < rounds; ++round) {
    std::string etag = subject.stat(key)->etag;
    EXPECT_EQ(race(subject, publish, key, PutMode::match, etag, Code::precondition_failed), 1);
  }
}

template <auto check, Publish publish, Cap cap>
void run(Subject& subject) {
  check(subject, publish, cap);
}

constexpr Case cases[] = {
    {"put_creates", run<creates, by_put, Cap::put_create>},
    {"put_matches", run<matches, by_put, Cap::put_match>},
    {"put_creates_one_winner", run<creates_one_winner, by_put, Cap::put_create>},
    {"put_matches_one_winner", run<matches_one_winner, by_put, Cap::put_match>},
    {"write_creates", run<creates, by_writer, Cap::write_create>},
    {"write_matches", run<matches, by_writer, Cap::write_match>},
    {"write_creates_one_winner", run<creates_one_winner, by_writer, Cap::write_create>},
    {"write_matches_one_winner", run<matches_one_winner, by_writer, Cap::write_match>},
};

}  // namespace

std::span<const Case> mode_cases() { return cases; }

}  // namespace orlop::testing
