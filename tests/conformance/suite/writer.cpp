// Writers: nothing before commit(), all of it after, nothing ever again without.
#include "subject.h"

namespace orlop::testing {
namespace {

void publishes_on_commit(Subject& subject) {
  std::string key = subject.key("object");
  auto writer = subject.write(key);
  ASSERT_TRUE(ok(writer));
  ASSERT_TRUE(ok((*writer)->write(as_bytes("hello "))));
  EXPECT_TRUE(fails(subject.stat(key), Code::not_found)) << "visible before commit()";
  ASSERT_TRUE(ok((*writer)->write(as_bytes("world"))));
  EXPECT_TRUE(subject.keys_below(key).empty());
  auto meta = (*writer)->commit();
  ASSERT_TRUE(ok(meta));
  EXPECT_EQ(meta->size, 11U);
  EXPECT_EQ(subject.get(key).value_or("?"), "hello world");
}

void writes_nothing_as_an_empty_object(Subject& subject) {
  std::string key = subject.key("object");
  auto writer = subject.write(key);
  ASSERT_TRUE(ok(writer));
  ASSERT_TRUE(ok((*writer)->commit()));
  EXPECT_EQ(subject.get(key).value_or("?"), "");
}

void keeps_the_old_until_commit(Subject& subject) {
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, "old")));
  auto writer = subject.write(key);
  ASSERT_TRUE(ok(writer));
  ASSERT_TRUE(ok((*writer)->write(as_bytes(random_text(6 << 20)))));
  EXPECT_EQ(subject.get(key).value_or("?"), "old");
  ASSERT_TRUE(ok((*writer)->commit()));
  EXPECT_EQ(subject.stat(key)->size, std::uint64_t{6} << 20);
}

void expect_untouched(Subject& subject, void (*give_up)(std::unique_ptr<Writer>&)) {
  std::string old = subject.key("old");
  std::string fresh = subject.key("new");
  ASSERT_TRUE(ok(subject.put(old, "old")));
  for (const std::string& key : {old, fresh})
    for (std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{12} << 20}) {
      auto writer = subject.write(key);
      ASSERT_TRUE(ok(writer));
      ASSERT_TRUE(ok((*writer)->write(as_bytes(random_text(size)))));
      give_up(*writer);
      EXPECT_EQ(subject.get(old).value_or("?"), "old");
      EXPECT_TRUE(fails(subject.stat(fresh), Code::not_found));
    }
  EXPECT_EQ(subject.keys_below(subject.key("")), std::vector<std::string>{old}) << "something was left behind";
}

void aborts(Subject& subject) {
  expect_untouched(subject, [](std::unique_ptr<Writer>& writer) {
    writer->abort();
    writer->abort();
    EXPECT_FALSE(writer->commit()) << "an aborted writer has nothing to publish";
  });
}

void destroyed_is_aborted(Subject& subject) {
  expect_untouched(subject, [](std::unique_ptr<Writer>& writer) { writer.reset(); });
}

void is_closed_by_commit(Subject& subject) {
  std::string key = subject.key("object");
  auto writer = subject.write(key);
  ASSERT_TRUE(ok(writer));
  ASSERT_TRUE(ok((*writer)->write(as_bytes("once"))));
  ASSERT_TRUE(ok((*writer)->commit()));
  EXPECT_FALSE((*writer)->write(as_bytes("twice")));
  EXPECT_FALSE((*writer)->commit());
  (*writer)->abort();
  EXPECT_EQ(subject.get(key).value_or("?"), "once");
}

void takes_any_pieces(Subject& subject) {
  std::string key = subject.key("object");
  std::string text = random_text((std::size_t{11} << 20) + 13);
  auto writer = subject.write(key);
  ASSERT_TRUE(ok(writer));
  std::size_t step = 1;
  for (std::size_t at = 0; at < text.size(); at += step, step = step * 3 + 1)
    ASSERT_TRUE(ok((*writer)->write(as_bytes(std::string_view(text).substr(at, step)))));
  ASSERT_TRUE(ok((*writer)->commit()));
  EXPECT_TRUE(subject.get(key).value_or("?") == text);
}

void takes_payloads_between_bytes(Subject& subject) {
  std::string key = subject.key("object");
  std::string text = random_text((std::size_t{9} << 20) + 7, 3);
  auto writer = subject.write(key);
  ASSERT_TRUE(ok(writer));
  ASSERT_TRUE(ok((*writer)->write(as_bytes("head"))));
  ASSERT_TRUE(ok((*writer)->write_from(Payload::text(text))));
  ASSERT_TRUE(ok((*writer)->write(as_bytes("tail"))));
  ASSERT_TRUE(ok((*writer)->commit()));
  EXPECT_TRUE(subject.get(key).value_or("?") == "head" + text + "tail");
}

void knows_the_announced_size(Subject& subject) {
  std::string key = subject.key("object");
  for (std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{9} << 20}) {
    std::string text = random_text(size, 5);
    auto writer =
        subject.driver().write(Subject::context(), {.key = key, .attrs = {}, .mode = {}, .if_match = {}, .size = size});
    ASSERT_TRUE(ok(writer));
    ASSERT_TRUE(ok((*writer)->write(as_bytes(text))));
    ASSERT_TRUE(ok((*writer)->commit()));
    EXPECT_TRUE(subject.get(key).value_or("?") == text);
  }
  auto writer =
      subject.driver().write(Subject::context(), {.key = key, .attrs = {}, .mode = {}, .if_match = {}, .size = 100});
  ASSERT_TRUE(ok(writer));
  ASSERT_TRUE(ok((*writer)->write(as_bytes("short"))));
  EXPECT_TRUE(fails((*writer)->commit(), Code::invalid_argument)) << "half of what was announced is not an object";
  EXPECT_EQ(subject.stat(key)->size, std::uint64_t{9} << 20);
}

void two_writers_do_not_mix(Subject& subject) {
  std::string key = subject.key("object");
  auto first = subject.write(key);
  auto second = subject.write(key);
  ASSERT_TRUE(ok(first));
  ASSERT_TRUE(ok(second));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(ok((*first)->write(as_bytes("first "))));
    ASSERT_TRUE(ok((*second)->write(as_bytes("second "))));
  }
  ASSERT_TRUE(ok((*second)->commit()));
  EXPECT_EQ(subject.get(key).value_or("?"), "second second second ");
  ASSERT_TRUE(ok((*first)->commit()));
  EXPECT_EQ(subject.get(key).value_or("?"), "first first first ");
}

constexpr Case cases[] = {
    {"publishes_on_commit", publishes_on_commit},
    {"writes_nothing_as_an_empty_object", writes_nothing_as_an_empty_object},
    {"keeps_the_old_until_commit", keeps_the_old_until_commit},
    {"aborts", aborts},
    {"destroyed_is_aborted", destroyed_is_aborted},
    {"is_closed_by_commit", is_closed_by_commit},
    {"takes_any_pieces", takes_any_pieces},
    {"takes_payloads_between_bytes", takes_payloads_between_bytes},
    {"knows_the_announced_size", knows_the_announced_size},
    {"two_writers_do_not_mix", two_writers_do_not_mix},
};

}  // namespace

std::span<const Case> writer_cases() { return cases; }

}  // namespace orlop::testing
