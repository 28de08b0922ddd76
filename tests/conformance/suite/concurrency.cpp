// One driver, many threads.
#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "subject.h"

namespace orlop::testing {
namespace {

void in_parallel(int count, const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

void threads_do_not_disturb_each_other(Subject& subject) {
  subject.driver();
  in_parallel(8, [&](int thread) {
    for (int round = 0; round < 10; ++round) {
      std::string key = subject.key("thread" + std::to_string(thread) + "/object" + std::to_string(round));
      std::string text = random_text(20'000, static_cast<unsigned>(thread * 100 + round));
      EXPECT_TRUE(ok(subject.put(key, text)));
      EXPECT_TRUE(subject.get(key).value_or("?") == text);
      EXPECT_EQ(subject.keys_below(key), std::vector<std::string>{key});
      if (round % 2 == 0) EXPECT_TRUE(ok(subject.remove(key)));
    }
  });
  EXPECT_EQ(subject.keys_below(subject.key("")).size(), 40U);
}

// Readers see the old object or the new one, never a mixture and never nothing.
void an_overwrite_is_atomic(Subject& subject) {
  if (!subject.can(Cap::put_atomic)) return;
  std::string key = subject.key("object");
  std::vector<std::string> versions;
  for (unsigned i = 0; i < 4; ++i) versions.push_back(random_text(100'000 + i * 50'000, i));
  ASSERT_TRUE(ok(subject.put(key, versions[0])));
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (std::size_t i = 0; i < 30; ++i) EXPECT_TRUE(ok(subject.put(key, versions[i % versions.size()])));
    done = true;
  });
  in_parallel(3, [&](int) {
    while (!done) {
      auto text = subject.get(key);
      EXPECT_TRUE(ok(text));
      if (text) EXPECT_TRUE(std::find(versions.begin(), versions.end(), *text) != versions.end());
    }
  });
  writer.join();
}

// Attributes change with the content they belong to.
void attributes_match_their_content(Subject& subject) {
  if (!subject.can(Cap::put_atomic) || !subject.can(Cap::user_metadata)) return;
  std::string key = subject.key("object");
  auto put = [&](int version) {
    Attrs attrs;
    attrs.user["size"] = std::to_string(version * 1000);
    return subject.put(key, std::string(static_cast<std::size_t>(version) * 1000, 'x'), attrs);
  };
  ASSERT_TRUE(ok(put(1)));
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 40; ++i) EXPECT_TRUE(ok(put(1 + i % 7)));
    done = true;
  });
  in_parallel(2, [&](int) {
    while (!done) {
      auto reader = subject.driver().read(Subject::context(), {.key = key});
      EXPECT_TRUE(ok(reader));
      if (!reader) continue;
      const Meta& meta = (*reader)->meta();
      auto said = meta.attrs.user.find("size");
      ASSERT_NE(said, meta.attrs.user.end());
      EXPECT_EQ(said->second, std::to_string(meta.size));
    }
  });
  writer.join();
}

// Neither name, or both, would be seen by somebody who looks in between.
void a_move_is_atomic(Subject& subject) {
  if (!subject.can(Cap::move_atomic)) return;
  std::string a = subject.key("a");
  std::string b = subject.key("b");
  ASSERT_TRUE(ok(subject.put(a, "moving")));
  std::atomic<bool> done{false};
  std::thread mover([&] {
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(ok(subject.driver().move(Subject::context(), {.from = i % 2 ? b : a, .to = i % 2 ? a : b})));
    }
    done = true;
  });
  while (!done) {
    // Whoever finds one name gone finds the other, unless it was moved again meanwhile: several looks decide.
    bool seen = false;
    for (int look = 0; look < 50 && !seen; ++look) seen = subject.exists(a) || subject.exists(b);
    EXPECT_TRUE(seen);
  }
  mover.join();
  EXPECT_EQ(subject.keys_below(subject.key("")).size(), 1U);
}

// Removing the last object of a "directory" does not get in the way of those who add to it.
void adding_and_removing_in_one_place(Subject& subject) {
  subject.driver();
  in_parallel(6, [&](int thread) {
    for (int round = 0; round < 30; ++round) {
      std::string key = subject.key("x/y/z/object" + std::to_string(thread));
      EXPECT_TRUE(ok(subject.put(key, "x")));
      EXPECT_TRUE(ok(subject.remove(key)));
    }
  });
  EXPECT_TRUE(subject.keys_below(subject.key("")).empty());
}

constexpr Case cases[] = {
    {"threads_do_not_disturb_each_other", threads_do_not_disturb_each_other},
    {"an_overwrite_is_atomic", an_overwrite_is_atomic},
    {"attributes_match_their_content", attributes_match_their_content},
    {"a_move_is_atomic", a_move_is_atomic},
    {"adding_and_removing_in_one_place", adding_and_removing_in_one_place},
};

}  // namespace

std::span<const Case> concurrency_cases() { return cases; }

}  // namespace orlop::testing
