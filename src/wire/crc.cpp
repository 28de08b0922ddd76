#include "wire/crc.h"

#include <bit>
#include <cstring>

#include "wire/crc_internal.h"

namespace orlop::wire {
namespace {

using crc::Block;
using crc::FoldConstants;

static_assert(std::endian::native == std::endian::little);

// "Slicing-by-8": eight tables, so that a word of eight bytes costs eight look-ups that do not wait for each other.
template <class Word>
using Tables = std::array<std::array<Word, 256>, 8>;

template <class Word>
constexpr Tables<Word> make_tables(Word polynomial) {
  Tables<Word> tables{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    Word value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? polynomial : 0);
    tables[0][byte] = value;
  }
  for (unsigned slice = 1; slice < 8; ++slice)
    for (unsigned byte = 0; byte < 256; ++byte) {
      const Word before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 255];
    }
  return tables;
}

// One CRC with reflected input and output, all ones before and after (all three of ours are).
template <class Word, Word polynomial>
struct Crc {
  static constexpr Tables<Word> tables = make_tables(polynomial);
  static constexpr FoldConstants folds = crc::fold_constants(polynomial);

  static Word by_tables(Bytes bytes, Word state) noexcept {
    while (bytes.size() >= 8) {
      std::uint64_t word;
      std::memcpy(&word, bytes.data(), 8);
      word ^= state;
      state = 0;
      for (unsigned i = 0; i < 8; ++i) state ^= tables[7 - i][word >> (8 * i) & 255];
      bytes = bytes.subspan(8);
    }
    for (const std::byte byte : bytes)
      state =
          static_cast<Word>((std::uint64_t{state} >> 8) ^ tables[0][(state ^ std::to_integer<unsigned>(byte)) & 255]);
    return state;
  }

  static crc::FoldFunction fastest_fold() {
    const auto functions = crc::fold_functions();
    return functions.empty() ? nullptr : functions.front();
  }

  static Word update(Bytes bytes, Word previous) noexcept {
    static const crc::FoldFunction fold = fastest_fold();
    Word state = ~previous;
    if (fold && bytes.size() >= crc::fold_minimum) {
      Block block;
      const std::size_t folded = fold(bytes, state, folds, block);
      state = by_tables(block, 0);
      bytes = bytes.subspan(folded);
    }
    return ~by_tables(bytes, state);
  }

  static Word multiply(Word a, Word b) noexcept {
    Word product = 0;
    for (Word mask = Word{1} << (sizeof(Word) * 8 - 1); mask != 0; mask >>= 1) {
      if (a & mask) product ^= b;
      b = (b >> 1) ^ ((b & 1) ? polynomial : 0);
    }
    return product;
  }

  // The complements before and after cancel each other, so that crc(AB) = crc(A) * x^(8|B|) + crc(B).
  static Word combine(Word a, Word b, std::uint64_t length_of_b) noexcept {
    Word factor = crc::power_of_x(polynomial, 8);
    for (; length_of_b != 0; length_of_b >>= 1) {
      if (length_of_b & 1) a = multiply(a, factor);
      factor = multiply(factor, factor);
    }
    return a ^ b;
  }
};

using Crc32 = Crc<std::uint32_t, 0xEDB88320U>;                // IEEE 802.3
using Crc32c = Crc<std::uint32_t, 0x82F63B78U>;               // RFC 3720 section 12.1
using Crc64Nvme = Crc<std::uint64_t, 0x9A6C9329AC4BC9B5ULL>;  // NVM Express Base Specification, 64b CRC

}  // namespace

std::uint32_t crc32(Bytes bytes, std::uint32_t previous) noexcept { return Crc32::update(bytes, previous); }
std::uint32_t crc32c(Bytes bytes, std::uint32_t previous) noexcept { return Crc32c::update(bytes, previous); }
std::uint64_t crc64nvme(Bytes bytes, std::uint64_t previous) noexcept { return Crc64Nvme::update(bytes, previous); }

std::uint32_t combine_crc32(std::uint32_t a, std::uint32_t b, std::uint64_t length_of_b) noexcept {
  return Crc32::combine(a, b, length_of_b);
}
std::uint32_t combine_crc32c(std::uint32_t a, std::uint32_t b, std::uint64_t length_of_b) noexcept {
  return Crc32c::combine(a, b, length_of_b);
}
std::uint64_t combine_crc64nvme(std::uint64_t a, std::uint64_t b, std::uint64_t length_of_b) noexcept {
  return Crc64Nvme::combine(a, b, length_of_b);
}

}  // namespace orlop::wire
