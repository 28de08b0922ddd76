#include "wire/crc.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

#include "wire/crc_internal.h"

namespace orlop::wire {
namespace {

// The definition, bit by bit: from a register to the final complement of it.
template <class Word>
Word from_state(Word polynomial, Bytes bytes, Word state) {
  for (const std::byte byte : bytes) {
    state ^= std::to_integer<Word>(byte);
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) ? polynomial : 0);
  }
  return ~state;
}

template <class Word>
Word bit_by_bit(Word polynomial, Bytes bytes) {
  return from_state(polynomial, bytes, static_cast<Word>(~Word{0}));
}

std::vector<std::byte> random_bytes(std::size_t size) {
  std::mt19937_64 random(size);
  std::vector<std::byte> bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST(Crc, CheckValues) {
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xCBF43926U);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
  EXPECT_EQ(crc64nvme(as_bytes("123456789")), 0xAE8B14860A799888ULL);
  EXPECT_EQ(crc32({}), 0U);
  EXPECT_EQ(crc64nvme({}), 0U);
}

TEST(Crc, Rfc3720Crc32cOf32Bytes) {  // section B.4, there in the order of transmission
  EXPECT_EQ(crc32c(as_bytes(std::string(32, '\0'))), 0x8A9136AAU);
  EXPECT_EQ(crc32c(as_bytes(std::string(32, '\xFF'))), 0x62A8AB43U);
}

// Lengths around every step of the folding loops, at every alignment.
TEST(Crc, AgreesWithTheDefinition) {
  const auto bytes = random_bytes(2000);
  for (std::size_t length = 0; length < 1200; length += length < 600 ? 1 : 37) {
    const Bytes part = Bytes(bytes).subspan(length % 17, length);
    ASSERT_EQ(crc32(part), bit_by_bit(0xEDB88320U, part)) << length;
    ASSERT_EQ(crc32c(part), bit_by_bit(0x82F63B78U, part)) << length;
    ASSERT_EQ(crc64nvme(part), bit_by_bit(0x9A6C9329AC4BC9B5ULL, part)) << length;
  }
}

TEST(Crc, AgreesWithZlib) {
  const auto bytes = random_bytes(1 << 20);
  EXPECT_EQ(crc32(bytes), ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

TEST(Crc, AgreesWithAwsChecksums) {  // awscrt 0.38.1 on the same bytes
  std::vector<std::byte> bytes(100'003);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * i + i * 7 + 3);
  EXPECT_EQ(crc32(bytes), 2946467570U);
  EXPECT_EQ(crc32c(bytes), 2366063949U);
  EXPECT_EQ(crc64nvme(bytes), 5048721945127106817ULL);
}

TEST(Crc, PiecesAndCombinationsGiveTheWhole) {
  const auto bytes = random_bytes(5000);
  const Bytes whole(bytes);
  for (std::size_t cut = 0; cut <= whole.size(); cut += 123) {
    const Bytes a = whole.first(cut);
    const Bytes b = whole.subspan(cut);
    EXPECT_EQ(crc32(b, crc32(a)), crc32(whole));
    EXPECT_EQ(crc32c(b, crc32c(a)), crc32c(whole));
    EXPECT_EQ(crc64nvme(b, crc64nvme(a)), crc64nvme(whole));
    EXPECT_EQ(combine_crc32(crc32(a), crc32(b), b.size()), crc32(whole));
    EXPECT_EQ(combine_crc32c(crc32c(a), crc32c(b), b.size()), crc32c(whole));
    EXPECT_EQ(combine_crc64nvme(crc64nvme(a), crc64nvme(b), b.size()), crc64nvme(whole));
  }
}

// Also those kernels that are not the fastest here.
TEST(Crc, EveryFoldKernelGivesTheSame) {
  const auto functions = crc::fold_functions();
#if defined(__x86_64__)
  EXPECT_EQ(functions.empty(), !__builtin_cpu_supports("pclmul"));
#endif
  constexpr auto constants = crc::fold_constants(0x82F63B78U);
  const auto bytes = random_bytes(1500);
  for (const auto fold : functions)
    for (std::size_t length = crc::fold_minimum; length < bytes.size(); length += 13) {
      const Bytes part = Bytes(bytes).first(length);
      crc::Block block;
      const std::size_t folded = fold(part, ~0U, constants, block);
      const std::uint32_t state = ~from_state(0x82F63B78U, block, 0U);  // the register, without the last complement
      ASSERT_EQ(from_state(0x82F63B78U, part.subspan(folded), state), bit_by_bit(0x82F63B78U, part)) << length;
    }
}

}  // namespace
}  // namespace orlop::wire
