// Large objects, piece by piece.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "subject.h"

namespace orlop::testing {
namespace {

constexpr std::size_t block = std::size_t{1} << 20;

// The content at any place, without holding all of it.
std::string block_at(std::uint64_t index) { return random_text(block, static_cast<unsigned>(index + 1)); }

void expect_content(Subject& subject, const std::string& key, std::uint64_t size) {
  auto reader = subject.driver().read(Subject::context(), {.key = key});
  ASSERT_TRUE(ok(reader));
  EXPECT_EQ((*reader)->meta().size, size);
  std::string pending;
  std::string piece(200'000, '\0');
  std::uint64_t done = 0;
  for (;;) {
    auto count = (*reader)->read(std::as_writable_bytes(std::span(piece)));
    ASSERT_TRUE(ok(count));
    if (*count == 0) break;
    pending.append(piece, 0, *count);
    if (pending.size() < block) continue;
    ASSERT_TRUE(pending.substr(0, block) == block_at(done / block)) << "at " << done;
    pending.erase(0, block);
    done += block;
  }
  ASSERT_TRUE(pending == block_at(done / block).substr(0, pending.size()));
  EXPECT_EQ(done + pending.size(), size);
  // And at any place.
  for (std::uint64_t index : {std::uint64_t{0}, size / block / 2, size / block - 1})
    EXPECT_TRUE(subject.get(key, Range::bounded(index * block + 17, 1000)).value_or("?") ==
                block_at(index).substr(17, 1000));
}

void by_writer(Subject& subject) {
  std::string key = subject.key("object");
  std::uint64_t blocks = subject.harness().large / block;
  auto writer = subject.write(key);
  ASSERT_TRUE(ok(writer));
  for (std::uint64_t index = 0; index < blocks; ++index) ASSERT_TRUE(ok((*writer)->write(as_bytes(block_at(index)))));
  ASSERT_TRUE(ok((*writer)->write(as_bytes(block_at(blocks).substr(0, 333)))));
  auto meta = (*writer)->commit();
  ASSERT_TRUE(ok(meta));
  EXPECT_EQ(meta->size, blocks * block + 333);
  expect_content(subject, key, blocks * block + 333);
}

void by_writer_from_a_file(Subject& subject) {
  std::string key = subject.key("object");
  std::uint64_t blocks = subject.harness().large / block;
  char name[] = "/tmp/orlop_conformance_XXXXXX";
  int fd = ::mkstemp(name);
  ::unlink(name);
  for (std::uint64_t index = 0; index < blocks; ++index)
    ASSERT_EQ(::write(fd, block_at(index).data(), block), static_cast<ssize_t>(block));
  auto writer = subject.driver().write(Subject::context(),
                                       {.key = key, .attrs = {}, .mode = {}, .if_match = {}, .size = blocks * block});
  ASSERT_TRUE(ok(writer));
  ASSERT_TRUE(ok((*writer)->write_from(Payload::file(fd, 0, blocks * block))));
  auto meta = (*writer)->commit();
  ::close(fd);
  ASSERT_TRUE(ok(meta));
  expect_content(subject, key, blocks * block);
}

void copies(Subject& subject) {
  if (!subject.can(Cap::copy)) return;
  std::string key = subject.key("object");
  std::uint64_t blocks = subject.harness().large / block;
  auto writer = subject.write(key);
  ASSERT_TRUE(ok(writer));
  for (std::uint64_t index = 0; index < blocks; ++index) ASSERT_TRUE(ok((*writer)->write(as_bytes(block_at(index)))));
  ASSERT_TRUE(ok((*writer)->commit()));
  ASSERT_TRUE(ok(subject.driver().copy(Subject::context(), {.from = key, .to = subject.key("copy")})));
  expect_content(subject, subject.key("copy"), blocks * block);
}

constexpr Case cases[] = {
    {"by_writer", by_writer},
    {"by_writer_from_a_file", by_writer_from_a_file},
    {"copies", copies},
};

}  // namespace

std::span<const Case> large_cases() { return cases; }

}  // namespace orlop::testing
