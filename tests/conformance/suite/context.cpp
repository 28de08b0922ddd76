// Deadlines and stop tokens end every operation, and what has not begun changes nothing.
#include <thread>

#include "subject.h"

namespace orlop::testing {
namespace {

// Every operation with a context that is over answers `code`.
void expect_all(Subject& subject, const Context& over, Code code) {
  std::string key = subject.key("object");
  std::string other = subject.key("other");
  ASSERT_TRUE(ok(subject.put(key, "old")));
  Driver& driver = subject.driver();
  EXPECT_TRUE(fails(driver.stat(over, {.key = key}), code));
  EXPECT_TRUE(fails(driver.read(over, {.key = key}), code));
  EXPECT_TRUE(fails(driver.put(over, {.key = key, .payload = Payload::text("new")}), code));
  EXPECT_TRUE(fails(driver.list(over, {.prefix = key, .delimiter = {}, .token = {}, .start_after = {}}), code));
  auto removed = driver.remove(over, {.keys = {key}});
  if (removed)
    EXPECT_TRUE(removed->size() == 1 && (*removed)[0] && (*removed)[0]->code() == code);
  else
    EXPECT_TRUE(fails(removed, code));
  if (subject.can(Cap::copy)) EXPECT_TRUE(fails(driver.copy(over, {.from = key, .to = other}), code));
  if (subject.can(Cap::move)) EXPECT_TRUE(fails(driver.move(over, {.from = key, .to = other}), code));
  auto writer = driver.write(over, {.key = other, .attrs = {}, .mode = {}, .if_match = {}, .size = {}});
  if (writer) {
    static_cast<void>((*writer)->write(as_bytes("new")));
    EXPECT_TRUE(fails((*writer)->commit(), code));
  } else {
    EXPECT_TRUE(fails(writer, code));
  }
  EXPECT_EQ(subject.get(key).value_or("?"), "old");
  EXPECT_EQ(subject.keys_below(subject.key("")), std::vector<std::string>{key});
}

void deadline(Subject& subject) {
  Context over;
  over.deadline = Clock::now() - std::chrono::seconds(1);
  expect_all(subject, over, Code::timeout);
}

void stop(Subject& subject) {
  std::stop_source source;
  source.request_stop();
  Context over;
  over.stop = source.get_token();
  expect_all(subject, over, Code::canceled);
}

void stop_ends_an_open_writer(Subject& subject) {
  std::string key = subject.key("object");
  std::stop_source source;
  Context context;
  context.stop = source.get_token();
  auto writer = subject.driver().write(context, {.key = key, .attrs = {}, .mode = {}, .if_match = {}, .size = {}});
  ASSERT_TRUE(ok(writer));
  ASSERT_TRUE(ok((*writer)->write(as_bytes("some"))));
  source.request_stop();
  EXPECT_TRUE(fails((*writer)->commit(), Code::canceled));
  EXPECT_FALSE(subject.exists(key));
}

void stop_ends_an_open_reader(Subject& subject) {
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, random_text(8 << 20))));
  std::stop_source source;
  Context context;
  context.stop = source.get_token();
  auto reader = subject.driver().read(context, {.key = key});
  ASSERT_TRUE(ok(reader));
  source.request_stop();
  // What had arrived already may still be delivered; the end must not be.
  EXPECT_TRUE(fails(drain(**reader), Code::canceled));
}

constexpr Case cases[] = {
    {"deadline", deadline},
    {"stop", stop},
    {"stop_ends_an_open_writer", stop_ends_an_open_writer},
    {"stop_ends_an_open_reader", stop_ends_an_open_reader},
};

}  // namespace

std::span<const Case> context_cases() { return cases; }

}  // namespace orlop::testing
