// Ranges of reads.
#include "subject.h"

namespace orlop::testing {
namespace {

const std::string text = "0123456789";

void bounded(Subject& subject) {
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, text)));
  EXPECT_EQ(subject.get(key, Range::bounded(0, 1)).value_or("?"), "0");
  EXPECT_EQ(subject.get(key, Range::bounded(3, 4)).value_or("?"), "3456");
  EXPECT_EQ(subject.get(key, Range::bounded(0, 10)).value_or("?"), text);
  EXPECT_EQ(subject.get(key, Range::bounded(8, 100)).value_or("?"), "89") << "cut at the end";
  EXPECT_EQ(subject.get(key, Range::bounded(9, Limits::none)).value_or("?"), "9");
}

void to_the_end(Subject& subject) {
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, text)));
  EXPECT_EQ(subject.get(key, Range::from(0)).value_or("?"), text);
  EXPECT_EQ(subject.get(key, Range::from(7)).value_or("?"), "789");
  EXPECT_EQ(subject.get(key, Range::from(9)).value_or("?"), "9");
}

void suffix(Subject& subject) {
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, text)));
  if (!subject.can(Cap::read_suffix)) {
    EXPECT_TRUE(fails(subject.get(key, Range::suffix(3)), Code::unsupported));
    return;
  }
  EXPECT_EQ(subject.get(key, Range::suffix(3)).value_or("?"), "789");
  EXPECT_EQ(subject.get(key, Range::suffix(10)).value_or("?"), text);
  EXPECT_EQ(subject.get(key, Range::suffix(50)).value_or("?"), text);
}

void behind_the_end(Subject& subject) {
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, text)));
  EXPECT_TRUE(fails(subject.get(key, Range::from(10)), Code::range_not_satisfiable));
  EXPECT_TRUE(fails(subject.get(key, Range::from(11)), Code::range_not_satisfiable));
  EXPECT_TRUE(fails(subject.get(key, Range::bounded(10, 1)), Code::range_not_satisfiable));
  EXPECT_TRUE(fails(subject.get(key, Range::bounded(1'000'000, 1)), Code::range_not_satisfiable));
}

void of_an_empty_object(Subject& subject) {
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, "")));
  EXPECT_EQ(subject.get(key).value_or("?"), "");
  EXPECT_TRUE(fails(subject.get(key, Range::bounded(0, 1)), Code::range_not_satisfiable));
  EXPECT_TRUE(fails(subject.get(key, Range::from(1)), Code::range_not_satisfiable));
}

void of_an_absent_object(Subject& subject) {
  EXPECT_TRUE(fails(subject.get(subject.key("absent"), Range::from(5)), Code::not_found));
}

// Every cut of a small object, so that no off-by-one survives.
void every_cut(Subject& subject) {
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, "abcd")));
  for (std::uint64_t offset = 0; offset < 4; ++offset)
    for (std::uint64_t length = 1; length < 6; ++length)
      EXPECT_EQ(subject.get(key, Range::bounded(offset, length)).value_or("?"),
                std::string("abcd").substr(offset, length));
}

constexpr Case cases[] = {
    {"bounded", bounded},
    {"to_the_end", to_the_end},
    {"suffix", suffix},
    {"behind_the_end", behind_the_end},
    {"of_an_empty_object", of_an_empty_object},
    {"of_an_absent_object", of_an_absent_object},
    {"every_cut", every_cut},
};

}  // namespace

std::span<const Case> range_cases() { return cases; }

}  // namespace orlop::testing
