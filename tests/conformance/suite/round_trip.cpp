// put, stat and read: what goes in comes out.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "subject.h"

namespace orlop::testing {
namespace {

void round_trip(Subject& subject, std::size_t size) {
  std::string key = subject.key("object");
  std::string text = random_text(size);
  auto put = subject.put(key, text);
  ASSERT_TRUE(ok(put));
  EXPECT_EQ(put->size, size);
  auto meta = subject.stat(key);
  ASSERT_TRUE(ok(meta));
  EXPECT_EQ(meta->size, size);
  auto read = subject.get(key);
  ASSERT_TRUE(ok(read));
  EXPECT_TRUE(*read == text);
}

void empty(Subject& subject) { round_trip(subject, 0); }
void one_byte(Subject& subject) { round_trip(subject, 1); }
void five_mebibytes_and_one(Subject& subject) { round_trip(subject, (std::size_t{5} << 20) + 1); }

void from_a_file(Subject& subject) {
  std::string text = random_text(300'000);
  char name[] = "/tmp/orlop_conformance_XXXXXX";
  int fd = ::mkstemp(name);
  ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  std::string key = subject.key("object");
  auto put = subject.driver().put(Subject::context(), {.key = key, .payload = Payload::file(fd, 1'000, 200'000)});
  ::close(fd);
  ::unlink(name);
  ASSERT_TRUE(ok(put));
  EXPECT_TRUE(subject.get(key).value_or("") == text.substr(1'000, 200'000));
}

void replaces(Subject& subject) {
  std::string key = subject.key("object");
  auto first = subject.put(key, "first, and longer");
  ASSERT_TRUE(ok(first));
  auto second = subject.put(key, "second");
  ASSERT_TRUE(ok(second));
  EXPECT_EQ(subject.get(key).value_or("?"), "second");
  if (!subject.can(Cap::etag)) return;
  EXPECT_NE(subject.stat(key)->etag, first->etag) << "the etag changes with the content";
}

void tells_facts(Subject& subject) {
  using std::chrono::system_clock, std::chrono::minutes;
  std::string key = subject.key("object");
  auto put = subject.put(key, "facts");
  ASSERT_TRUE(ok(put));
  auto reader = subject.driver().read(Subject::context(), {.key = key, .range = Range::bounded(1, 2)});
  ASSERT_TRUE(ok(reader));
  auto meta = subject.stat(key);
  ASSERT_TRUE(ok(meta));
  EXPECT_EQ((*reader)->meta().size, 5U) << "of the whole object, not of the range";
  EXPECT_EQ((*reader)->meta().etag, meta->etag);
  if (subject.can(Cap::etag)) {
    EXPECT_FALSE(meta->etag.empty());
    EXPECT_EQ(put->etag, meta->etag);
  }
  if (meta->modified) EXPECT_LT(std::chrono::abs(*meta->modified - system_clock::now()), minutes(5));
}

void misses_what_is_absent(Subject& subject) {
  EXPECT_TRUE(fails(subject.stat(subject.key("absent")), Code::not_found));
  EXPECT_TRUE(fails(subject.get(subject.key("absent")), Code::not_found));
}

void a_directory_is_no_object(Subject& subject) {
  ASSERT_TRUE(ok(subject.put(subject.key("directory/object"), "x")));
  EXPECT_TRUE(fails(subject.stat(subject.key("directory")), Code::not_found));
  // A store that cannot keep such a key may say so instead.
  auto slashed = subject.stat(subject.key("directory/"));
  EXPECT_TRUE(fails(slashed, Code::not_found) || fails(slashed, Code::invalid_argument));
  EXPECT_TRUE(fails(subject.get(subject.key("directory")), Code::not_found));
}

void reads_in_any_pieces(Subject& subject) {
  std::string key = subject.key("object");
  std::string text = random_text(10'000);
  ASSERT_TRUE(ok(subject.put(key, text)));
  for (std::size_t chunk : {1UL, 7UL, 4'096UL, 100'000UL}) {
    auto reader = subject.driver().read(Subject::context(), {.key = key});
    ASSERT_TRUE(ok(reader));
    auto read = drain(**reader, chunk);
    ASSERT_TRUE(ok(read));
    EXPECT_TRUE(*read == text) << chunk;
    std::byte more;
    EXPECT_EQ((*reader)->read({&more, 1}).value_or(9U), 0U) << "the end stays the end";
  }
}

void a_reader_may_end_early(Subject& subject) {
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, random_text(3 << 20))));
  for (int i = 0; i < 5; ++i) {
    auto reader = subject.driver().read(Subject::context(), {.key = key});
    ASSERT_TRUE(ok(reader));
    std::byte first[10];
    EXPECT_GT((*reader)->read(first).value_or(0U), 0U);
  }
  EXPECT_EQ(subject.stat(key)->size, std::uint64_t{3} << 20);
}

// One version from the first byte to the last.
void a_reader_sees_one_version(Subject& subject) {
  std::string key = subject.key("object");
  std::string before = random_text(4 << 20, 1);
  ASSERT_TRUE(ok(subject.put(key, before)));
  auto reader = subject.driver().read(Subject::context(), {.key = key});
  ASSERT_TRUE(ok(reader));
  std::string head(10, '\0');
  auto count = (*reader)->read(std::as_writable_bytes(std::span(head)));
  ASSERT_TRUE(ok(count));
  ASSERT_TRUE(ok(subject.put(key, random_text(4 << 20, 2))));
  auto rest = drain(**reader);
  // A store may fail here; it may not mix.
  if (rest) EXPECT_TRUE(head.substr(0, *count) + *rest == before);
}

constexpr Case cases[] = {
    {"empty", empty},
    {"one_byte", one_byte},
    {"five_mebibytes_and_one", five_mebibytes_and_one},
    {"from_a_file", from_a_file},
    {"replaces", replaces},
    {"tells_facts", tells_facts},
    {"misses_what_is_absent", misses_what_is_absent},
    {"a_directory_is_no_object", a_directory_is_no_object},
    {"reads_in_any_pieces", reads_in_any_pieces},
    {"a_reader_may_end_early", a_reader_may_end_early},
    {"a_reader_sees_one_version", a_reader_sees_one_version},
};

}  // namespace

std::span<const Case> round_trip_cases() { return cases; }

}  // namespace orlop::testing
