// remove: per key, and absence is success.
#include <algorithm>

#include "subject.h"

namespace orlop::testing {
namespace {

void removes(Subject& subject) {
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, "x")));
  EXPECT_TRUE(ok(subject.remove(key)));
  EXPECT_FALSE(subject.exists(key));
}

void absent_is_success(Subject& subject) {
  EXPECT_TRUE(ok(subject.remove(subject.key("absent"))));
  EXPECT_TRUE(ok(subject.remove(subject.key("absent/below"))));
  ASSERT_TRUE(ok(subject.put(subject.key("object"), "x")));
  EXPECT_TRUE(ok(subject.remove(subject.key("object"))));
  EXPECT_TRUE(ok(subject.remove(subject.key("object"))));
}

void a_directory_is_not_removed_with_its_name(Subject& subject) {
  ASSERT_TRUE(ok(subject.put(subject.key("directory/object"), "x")));
  EXPECT_TRUE(ok(subject.remove(subject.key("directory"))));
  EXPECT_TRUE(subject.exists(subject.key("directory/object")));
}

void many_at_once(Subject& subject) {
  std::uint64_t limit = subject.driver().info().limits.remove_batch;
  std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(limit, 30));
  RemoveRequest request;
  for (std::size_t i = 0; i < count; ++i) {
    request.keys.push_back(subject.key("n" + std::to_string(i)));
    if (i % 3 != 0) ASSERT_TRUE(ok(subject.put(request.keys.back(), "x")));
  }
  ASSERT_TRUE(ok(subject.put(subject.key("kept"), "x")));
  auto results = subject.driver().remove(Subject::context(), request);
  ASSERT_TRUE(ok(results));
  ASSERT_EQ(results->size(), count) << "one result a key";
  for (const auto& error : *results) EXPECT_FALSE(error) << error->to_string();
  EXPECT_EQ(subject.keys_below(subject.key("")), std::vector<std::string>{subject.key("kept")});
}

void odd_keys_in_a_batch(Subject& subject) {
  if (subject.driver().info().limits.remove_batch < 8) return;
  RemoveRequest request;
  for (std::string_view name : {"a b", "a+b", "a%25b", "<&>'\"", "\xC3\xA9", "\xF0\x9F\x98\x80", "a&amp;b"}) {
    request.keys.push_back(subject.key(name));
    ASSERT_TRUE(ok(subject.put(request.keys.back(), "x")));
  }
  auto results = subject.driver().remove(Subject::context(), request);
  ASSERT_TRUE(ok(results));
  for (const auto& error : *results) EXPECT_FALSE(error) << error->to_string();
  EXPECT_TRUE(subject.keys_below(subject.key("")).empty());
}

void nothing(Subject& subject) {
  auto results = subject.driver().remove(Subject::context(), {.keys = {}});
  ASSERT_TRUE(ok(results));
  EXPECT_TRUE(results->empty());
}

void leaves_room_for_others(Subject& subject) {
  // What was below a name is gone, so the name itself is free; and the other way round.
  ASSERT_TRUE(ok(subject.put(subject.key("a/b/c"), "x")));
  ASSERT_TRUE(ok(subject.remove(subject.key("a/b/c"))));
  EXPECT_TRUE(ok(subject.put(subject.key("a"), "x")));
  ASSERT_TRUE(ok(subject.remove(subject.key("a"))));
  EXPECT_TRUE(ok(subject.put(subject.key("a/b"), "x")));
}

constexpr Case cases[] = {
    {"removes", removes},
    {"absent_is_success", absent_is_success},
    {"a_directory_is_not_removed_with_its_name", a_directory_is_not_removed_with_its_name},
    {"many_at_once", many_at_once},
    {"odd_keys_in_a_batch", odd_keys_in_a_batch},
    {"nothing", nothing},
    {"leaves_room_for_others", leaves_room_for_others},
};

}  // namespace

std::span<const Case> remove_cases() { return cases; }

}  // namespace orlop::testing
