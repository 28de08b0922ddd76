// copy and move, inside the store.
#include "subject.h"

namespace orlop::testing {
namespace {

Attrs some_attrs() {
  Attrs attrs;
  attrs.content_type = "text/x-copied";
  attrs.user["who"] = "me";
  return attrs;
}

void expect_attrs(Subject& subject, const std::string& key, const Attrs& expected) {
  auto meta = subject.stat(key);
  ASSERT_TRUE(ok(meta));
  if (subject.can(Cap::content_type)) EXPECT_EQ(meta->attrs.content_type, expected.content_type);
  if (subject.can(Cap::user_metadata)) EXPECT_EQ(meta->attrs.user, expected.user);
}

// Both operations, by the flag that stands for each.
using Operation = Result<void> (*)(Subject&, const CopyRequest&);
Result<void> copies(Subject& subject, const CopyRequest& request) {
  ORLOP_TRY(subject.driver().copy(Subject::context(), request));
  return {};
}
Result<void> moves(Subject& subject, const CopyRequest& request) {
  return subject.driver().move(Subject::context(), request);
}

template <Operation operation, Cap cap>
bool refused_if_unclaimed(Subject& subject) {
  if (subject.can(cap)) return false;
  std::string from = subject.key("from");
  std::string to = subject.key("to");
  EXPECT_TRUE(ok(subject.put(from, "x")));
  EXPECT_TRUE(fails(operation(subject, {.from = from, .to = to}), Code::unsupported));
  EXPECT_TRUE(subject.exists(from));
  EXPECT_FALSE(subject.exists(to));
  return true;
}

template <Operation operation, Cap cap>
void keeps_content_and_attributes(Subject& subject) {
  if (refused_if_unclaimed<operation, cap>(subject)) return;
  std::string from = subject.key("from/a b+c");
  std::string to = subject.key("to/d%20\xC3\xA9");
  std::string text = random_text(100'000);
  ASSERT_TRUE(ok(subject.put(from, text, some_attrs())));
  ASSERT_TRUE(ok(operation(subject, {.from = from, .to = to})));
  EXPECT_TRUE(subject.get(to).value_or("?") == text);
  expect_attrs(subject, to, some_attrs());
  EXPECT_EQ(subject.exists(from), operation == Operation(copies));
}

template <Operation operation, Cap cap>
void replaces_attributes(Subject& subject) {
  if (refused_if_unclaimed<operation, cap>(subject)) return;
  std::string from = subject.key("from");
  std::string to = subject.key("to");
  ASSERT_TRUE(ok(subject.put(from, "text", some_attrs())));
  Attrs others;
  others.content_type = "text/x-other";
  others.user["why"] = "because";
  ASSERT_TRUE(ok(operation(subject, {.from = from, .to = to, .attrs = &others})));
  EXPECT_EQ(subject.get(to).value_or("?"), "text");
  expect_attrs(subject, to, others);
}

template <Operation operation, Cap cap>
void misses_an_absent_source(Subject& subject) {
  if (refused_if_unclaimed<operation, cap>(subject)) return;
  std::string to = subject.key("to");
  EXPECT_TRUE(fails(operation(subject, {.from = subject.key("absent"), .to = to}), Code::not_found));
  EXPECT_FALSE(subject.exists(to));
  ASSERT_TRUE(ok(subject.put(to, "kept")));
  EXPECT_TRUE(fails(operation(subject, {.from = subject.key("absent"), .to = to}), Code::not_found));
  EXPECT_EQ(subject.get(to).value_or("?"), "kept");
}

template <Operation operation, Cap cap>
void replaces_the_destination(Subject& subject) {
  if (refused_if_unclaimed<operation, cap>(subject)) return;
  std::string from = subject.key("from");
  std::string to = subject.key("to");
  ASSERT_TRUE(ok(subject.put(from, "new")));
  ASSERT_TRUE(ok(subject.put(to, "old and longer")));
  ASSERT_TRUE(ok(operation(subject, {.from = from, .to = to})));
  EXPECT_EQ(subject.get(to).value_or("?"), "new");
}

template <Operation operation, Cap cap>
void creates(Subject& subject) {
  std::string from = subject.key("from");
  std::string to = subject.key("to");
  std::string taken = subject.key("taken");
  ASSERT_TRUE(ok(subject.put(from, "new")));
  ASSERT_TRUE(ok(subject.put(taken, "old")));
  CopyRequest request{.from = from, .to = taken, .attrs = nullptr, .mode = PutMode::create};
  Code expected = subject.can(cap) && subject.can(Cap::copy_create) ? Code::already_exists : Code::unsupported;
  EXPECT_TRUE(fails(operation(subject, request), expected));
  EXPECT_EQ(subject.get(taken).value_or("?"), "old");
  EXPECT_EQ(subject.get(from).value_or("?"), "new");
  if (expected == Code::unsupported) return;
  request.to = to;
  EXPECT_TRUE(ok(operation(subject, request)));
  EXPECT_EQ(subject.get(to).value_or("?"), "new");
}

// Changing the attributes of an object is a copy onto itself.
void onto_itself_changes_attributes(Subject& subject) {
  if (!subject.can(Cap::copy)) return;  // told above
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, "text")));
  Attrs attrs = some_attrs();
  ASSERT_TRUE(ok(subject.driver().copy(Subject::context(), {.from = key, .to = key, .attrs = &attrs})));
  EXPECT_EQ(subject.get(key).value_or("?"), "text");
  expect_attrs(subject, key, attrs);
}

void a_copy_is_independent(Subject& subject) {
  if (!subject.can(Cap::copy)) return;  // told above
  std::string from = subject.key("from");
  std::string to = subject.key("to");
  ASSERT_TRUE(ok(subject.put(from, "one")));
  ASSERT_TRUE(ok(subject.driver().copy(Subject::context(), {.from = from, .to = to})));
  ASSERT_TRUE(ok(subject.put(from, "two")));
  EXPECT_EQ(subject.get(to).value_or("?"), "one");
  ASSERT_TRUE(ok(subject.remove(from)));
  EXPECT_EQ(subject.get(to).value_or("?"), "one");
}

void onto_itself_moves_nothing(Subject& subject) {
  if (!subject.can(Cap::move)) return;  // told above
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, "text")));
  EXPECT_TRUE(ok(subject.driver().move(Subject::context(), {.from = key, .to = key})));
  EXPECT_EQ(subject.get(key).value_or("?"), "text");
}

constexpr Case cases[] = {
    {"keeps_content_and_attributes", keeps_content_and_attributes<copies, Cap::copy>},
    {"replaces_attributes", replaces_attributes<copies, Cap::copy>},
    {"misses_an_absent_source", misses_an_absent_source<copies, Cap::copy>},
    {"replaces_the_destination", replaces_the_destination<copies, Cap::copy>},
    {"creates", creates<copies, Cap::copy>},
    {"onto_itself_changes_attributes", onto_itself_changes_attributes},
    {"is_independent", a_copy_is_independent},
    {"move_keeps_content_and_attributes", keeps_content_and_attributes<moves, Cap::move>},
    {"move_replaces_attributes", replaces_attributes<moves, Cap::move>},
    {"move_misses_an_absent_source", misses_an_absent_source<moves, Cap::move>},
    {"move_replaces_the_destination", replaces_the_destination<moves, Cap::move>},
    {"move_creates", creates<moves, Cap::move>},
    {"move_onto_itself_moves_nothing", onto_itself_moves_nothing},
};

}  // namespace

std::span<const Case> copy_cases() { return cases; }

}  // namespace orlop::testing
