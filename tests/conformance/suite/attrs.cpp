// Attributes: what a writer says of an object besides its bytes.
#include "subject.h"

namespace orlop::testing {
namespace {

Attrs all_attrs() {
  Attrs attrs;
  attrs.content_type = "text/x-orlop+html";
  attrs.content_encoding = "br";
  attrs.content_language = "de, fr";
  attrs.content_disposition = "attachment; filename=\"a b.html\"";
  attrs.cache_control = "public, max-age=31536000, immutable";
  attrs.expires = "Thu, 01 Dec 2033 16:00:00 GMT";
  return attrs;
}

void expect_attrs(Subject& subject, const Attrs& actual, const Attrs& expected) {
  if (subject.can(Cap::content_type)) EXPECT_EQ(actual.content_type, expected.content_type);
  if (!subject.can(Cap::attrs)) return;
  EXPECT_EQ(actual.content_encoding, expected.content_encoding);
  EXPECT_EQ(actual.content_language, expected.content_language);
  EXPECT_EQ(actual.content_disposition, expected.content_disposition);
  EXPECT_EQ(actual.cache_control, expected.cache_control);
  EXPECT_EQ(actual.expires, expected.expires);
}

void are_kept_by_put(Subject& subject) {
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, "text", all_attrs())));
  auto meta = subject.stat(key);
  ASSERT_TRUE(ok(meta));
  expect_attrs(subject, meta->attrs, all_attrs());
  auto reader = subject.driver().read(Subject::context(), {.key = key});
  ASSERT_TRUE(ok(reader));
  expect_attrs(subject, (*reader)->meta().attrs, all_attrs());
  EXPECT_EQ(subject.get(key).value_or("?"), "text") << "content is never decoded";
}

void are_kept_by_writers(Subject& subject) {
  for (std::size_t size : {std::size_t{10}, std::size_t{9} << 20}) {
    std::string key = subject.key("object");
    auto writer = subject.driver().write(Subject::context(),
                                         {.key = key, .attrs = all_attrs(), .mode = {}, .if_match = {}, .size = {}});
    ASSERT_TRUE(ok(writer));
    ASSERT_TRUE(ok((*writer)->write(as_bytes(random_text(size)))));
    ASSERT_TRUE(ok((*writer)->commit()));
    Attrs expected = all_attrs();
    if (subject.deviation("attrs.expires_of_uploads") && size > 1'000) expected.expires.clear();
    expect_attrs(subject, subject.stat(key)->attrs, expected);
  }
}

void go_with_what_they_described(Subject& subject) {
  std::string key = subject.key("object");
  Attrs attrs = all_attrs();
  attrs.user["color"] = "blue";
  ASSERT_TRUE(ok(subject.put(key, "text", attrs)));
  ASSERT_TRUE(ok(subject.put(key, "plain")));
  Attrs now = subject.stat(key)->attrs;
  EXPECT_NE(now.content_type, attrs.content_type);
  EXPECT_TRUE(now.content_encoding.empty());
  EXPECT_TRUE(now.cache_control.empty());
  EXPECT_TRUE(now.user.empty());
}

void user_metadata(Subject& subject) {
  if (!subject.can(Cap::user_metadata)) return;
  std::string key = subject.key("object");
  Attrs attrs;
  attrs.user = {
      {"color", "blue"}, {"x-long-name", std::string(300, 'v')}, {"number", "42"}, {"marks", "a=b; c, \"d\""}};
  ASSERT_TRUE(ok(subject.put(key, "text", attrs)));
  EXPECT_EQ(subject.stat(key)->attrs.user, attrs.user);
}

void user_metadata_in_any_language(Subject& subject) {
  if (!subject.can(Cap::user_metadata)) return;
  std::string key = subject.key("object");
  Attrs attrs;
  attrs.user = {
      {"latin", "\xC3\xA9t\xC3\xA9"}, {"emoji", "\xF0\x9F\x98\x80 smile"}, {"cjk", "\xE6\x97\xA5\xE6\x9C\xAC"}};
  auto put = subject.put(key, "text", attrs);
  if (subject.deviation("attrs.user_metadata_in_any_language")) {
    EXPECT_FALSE(put && subject.stat(key)->attrs.user == attrs.user) << "kept now; take this deviation off the list";
    return;
  }
  ASSERT_TRUE(ok(put));
  EXPECT_EQ(subject.stat(key)->attrs.user, attrs.user);
}

void unknown_options_are_refused(Subject& subject) {
  std::string key = subject.key("object");
  Attrs attrs;
  attrs.provider["NoSuchOptionAnywhere"] = "1";
  EXPECT_TRUE(fails(subject.put(key, "text", attrs), Code::invalid_argument));
  EXPECT_FALSE(subject.exists(key));
  auto writer =
      subject.driver().write(Subject::context(), {.key = key, .attrs = attrs, .mode = {}, .if_match = {}, .size = {}});
  if (writer) {
    static_cast<void>((*writer)->write(as_bytes("text")));
    EXPECT_TRUE(fails((*writer)->commit(), Code::invalid_argument));
  } else {
    EXPECT_TRUE(fails(writer, Code::invalid_argument));
  }
  EXPECT_FALSE(subject.exists(key));
}

void line_breaks_are_refused(Subject& subject) {
  std::string key = subject.key("object");
  Attrs attrs;
  attrs.content_type = "text/plain\r\nx-injected: yes";
  EXPECT_TRUE(fails(subject.put(key, "text", attrs), Code::invalid_argument));
  attrs = {};
  attrs.user["a"] = "b\nc";
  EXPECT_TRUE(fails(subject.put(key, "text", attrs), Code::invalid_argument));
  EXPECT_FALSE(subject.exists(key));
}

constexpr Case cases[] = {
    {"are_kept_by_put", are_kept_by_put},
    {"are_kept_by_writers", are_kept_by_writers},
    {"go_with_what_they_described", go_with_what_they_described},
    {"user_metadata", user_metadata},
    {"user_metadata_in_any_language", user_metadata_in_any_language},
    {"unknown_options_are_refused", unknown_options_are_refused},
    {"line_breaks_are_refused", line_breaks_are_refused},
};

}  // namespace

std::span<const Case> attrs_cases() { return cases; }

}  // namespace orlop::testing
