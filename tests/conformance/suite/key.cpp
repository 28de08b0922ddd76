// Keys are sent as they are, or refused; never changed.
#include <algorithm>

#include "subject.h"

namespace orlop::testing {

const std::vector<KeyClass>& key_classes() {
  static const std::vector<KeyClass> classes = {
      {"space", "a b"},
      {"leading_and_trailing_space", " a "},
      {"plus", "a+b"},
      {"percent", "100%"},
      {"literal_percent_25", "a%25b%2Fc"},
      {"query_characters", "a?b=c&d#e;f"},
      {"colon_and_at", "C:\\x@y"},
      {"backslash", "a\\b"},
      {"quotes", "'\"`<>&"},
      {"xml_entity", "a&amp;b"},
      {"marks", "!*'()~,$[]{}|^"},
      {"dots_in_a_name", "..a...b.."},
      {"hidden", ".hidden"},
      {"control", "a\x01z"},
      {"tab", "a\tz"},
      {"newline", "a\nz"},
      {"carriage_return", "a\rz"},
      {"delete", "a\x7Fz"},
      {"latin", "r\xC3\xA9sum\xC3\xA9"},
      {"decomposed", "re\xCC\x81sume\xCC\x81"},
      {"cjk", "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"},
      {"emoji", "\xF0\x9F\x98\x80"},
      {"private_use", "\xEF\xBF\xBD\xEE\x80\x80"},
      {"long_segment_255", std::string_view("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"
                                            "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"
                                            "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"
                                            "0123456789abcdefghijklmnopqrstuvwxyz012")},
      {"trailing_slash", "a/"},
      {"double_slash", "a//b"},
      {"dot_segment", "a/./b"},
      {"dot_dot_segment", "a/../b"},
      {"leading_slash", "/a"},
      {"only_slash", "/"},
      {"dot_dot_alone", ".."},
      {"one_long_segment", "1024 bytes"},
      {"long_in_segments", "1024 bytes in segments"},
  };
  return classes;
}

namespace {

// The classes that are about the whole key get no prefix; the long ones are made to measure.
std::string example(Subject& subject, std::string_view name, std::string_view key) {
  if (name == "leading_slash" || name == "only_slash" || name == "dot_dot_alone") return std::string(key);
  std::string text = subject.key("");
  auto longest = static_cast<std::size_t>(std::min<std::uint64_t>(1024, subject.driver().info().limits.key_bytes));
  if (name == "one_long_segment") return text + std::string(longest - text.size(), 'x');
  if (name == "long_in_segments") {
    while (text.size() < longest) text += std::string(std::min<std::size_t>(200, longest - text.size()), 'y') + '/';
    text.resize(longest);
    text.back() = 'z';
    return text;
  }
  return text + std::string(key);
}

bool listed(Subject& subject, const std::string& key) {
  auto names = subject.keys_below(key);
  return std::find(names.begin(), names.end(), key) != names.end();
}

void expect_faithful(Subject& subject, const std::string& key) {
  ASSERT_TRUE(ok(subject.put(key, "content")));
  auto meta = subject.stat(key);
  ASSERT_TRUE(ok(meta));
  EXPECT_EQ(meta->size, 7U);
  EXPECT_EQ(subject.get(key).value_or("?"), "content");
  EXPECT_TRUE(listed(subject, key)) << "listed under another name";
  if (subject.can(Cap::copy)) {
    std::string there = subject.key("copy of it");
    EXPECT_TRUE(ok(subject.driver().copy(Subject::context(), {.from = key, .to = there})));
    EXPECT_EQ(subject.get(there).value_or("?"), "content");
    ASSERT_TRUE(ok(subject.remove(key)));
    EXPECT_TRUE(ok(subject.driver().copy(Subject::context(), {.from = there, .to = key})));
    EXPECT_EQ(subject.get(key).value_or("?"), "content");
  }
  EXPECT_TRUE(ok(subject.remove(key)));
  EXPECT_TRUE(fails(subject.stat(key), Code::not_found));
}

void expect_deviant(Subject& subject, const std::string& key, const Deviation& deviation) {
  auto put = subject.put(key, "content");
  if (deviation.kind == Deviation::Kind::altered) {
    EXPECT_TRUE(ok(put)) << "refused now: " << deviation.reason;
    EXPECT_FALSE(listed(subject, key)) << "stored faithfully now; take this deviation off the list";
  } else {
    EXPECT_FALSE(put) << "stored now; take this deviation off the list";
    EXPECT_FALSE(subject.exists(key));
  }
  static_cast<void>(subject.remove(key));
}

// One test for each class, made at registration below.
template <std::size_t index>
void keeps(Subject& subject) {
  auto [name, key] = key_classes()[index];
  std::string example_key = example(subject, name, key);
  SCOPED_TRACE(std::string(name) + ": \"" + example_key.substr(0, 80) + "\"");
  if (const Deviation* deviation = subject.deviation(name))
    expect_deviant(subject, example_key, *deviation);
  else
    expect_faithful(subject, example_key);
}

void refuses_what_is_no_key(Subject& subject) {
  for (std::string key :
       {std::string(), std::string("a\0b", 3), std::string("a\xFF\xFE"), std::string("\xED\xA0\x80")}) {
    EXPECT_TRUE(fails(subject.put(key, "x"), Code::invalid_argument));
    EXPECT_FALSE(subject.stat(key));
  }
}

void refuses_longer_than_claimed(Subject& subject) {
  std::uint64_t limit = subject.driver().info().limits.key_bytes;
  if (limit == Limits::none) return;
  std::string key = subject.key("");
  while (key.size() <= limit) key += "0123456789/";
  key.resize(static_cast<std::size_t>(limit) + 1, 'x');
  key.back() = 'x';
  EXPECT_TRUE(fails(subject.put(key, "x"), Code::invalid_argument));
}

// NFC and NFD, capitals and small letters, and what percent-decoding would merge.
void keeps_look_alikes_apart(Subject& subject) {
  std::vector<std::string> names = {"A", "a", "\xC3\xA9", "e\xCC\x81", "x y", "x+y", "x%20y"};
  for (const std::string& name : names) ASSERT_TRUE(ok(subject.put(subject.key(name), name)));
  for (const std::string& name : names) EXPECT_EQ(subject.get(subject.key(name)).value_or("?"), name);
  EXPECT_EQ(subject.keys_below(subject.key("")).size(), names.size());
}

void keeps_a_name_beside_names_below_it(Subject& subject) {
  std::string above = subject.key("a");
  std::string below = subject.key("a/b");
  ASSERT_TRUE(ok(subject.put(above, "above")));
  auto put = subject.put(below, "below");
  if (const Deviation* deviation = subject.deviation("key.keeps_a_name_beside_names_below_it")) {
    bool kept = put.has_value() && listed(subject, above) && listed(subject, below);
    EXPECT_FALSE(kept) << "kept now; take this deviation off the list: " << deviation->reason;
    EXPECT_EQ(subject.get(above).value_or("?"), "above") << "nothing may be lost for it";
    return;
  }
  ASSERT_TRUE(ok(put));
  EXPECT_EQ(subject.get(above).value_or("?"), "above");
  EXPECT_EQ(subject.get(below).value_or("?"), "below");
  EXPECT_EQ(subject.keys_below(subject.key("")), (std::vector<std::string>{above, below}));
  ASSERT_TRUE(ok(subject.remove(above)));
  EXPECT_EQ(subject.get(below).value_or("?"), "below");
}

constexpr std::size_t class_count = 33;

template <std::size_t... index>
std::vector<Case> all_cases(std::index_sequence<index...>) {
  EXPECT_EQ(key_classes().size(), class_count);
  std::vector<Case> cases = {{key_classes()[index].name, keeps<index>}...};
  cases.push_back({"refuses_what_is_no_key", refuses_what_is_no_key});
  cases.push_back({"refuses_longer_than_claimed", refuses_longer_than_claimed});
  cases.push_back({"keeps_look_alikes_apart", keeps_look_alikes_apart});
  cases.push_back({"keeps_a_name_beside_names_below_it", keeps_a_name_beside_names_below_it});
  return cases;
}

}  // namespace

std::span<const Case> key_cases() {
  static const std::vector<Case> cases = all_cases(std::make_index_sequence<class_count>());
  return cases;
}

}  // namespace orlop::testing
