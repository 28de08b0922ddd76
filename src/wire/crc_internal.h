// What the portable and the folding implementations of the CRCs share. All arithmetic is on polynomials over GF(2) in
// the reflected notation: the lowest bit has the highest power, and in a 64-bit word the highest bit is x^0.
#pragma once

#include <array>
#include <vector>

#include "orlop/types.h"

namespace orlop::wire::crc {

// x^power modulo the polynomial, as a word of `Word`'s width.
template <class Word>
constexpr Word power_of_x(Word polynomial, unsigned power) noexcept {
  Word value = Word{1} << (sizeof(Word) * 8 - 1);
  for (unsigned i = 0; i < power; ++i) value = (value >> 1) ^ ((value & 1) ? polynomial : 0);
  return value;
}

// The pair of multipliers that carries a 128-bit remainder over `bits` further bits of message.
struct FoldBy {
  std::uint64_t low;   // for the earlier eight bytes
  std::uint64_t high;  // for the later eight bytes
};

// The product of two reflected 64-bit words comes out one power too low, hence the missing 1 in each power.
template <class Word>
constexpr FoldBy fold_by(Word polynomial, unsigned bits) noexcept {
  constexpr unsigned align = 64 - sizeof(Word) * 8;
  return {std::uint64_t{power_of_x(polynomial, bits + 63)} << align,
          std::uint64_t{power_of_x(polynomial, bits - 1)} << align};
}

struct FoldConstants {
  FoldBy by_2048, by_1536, by_1024, by_512, by_384, by_256, by_128;
};

template <class Word>
constexpr FoldConstants fold_constants(Word polynomial) noexcept {
  return {fold_by(polynomial, 2048), fold_by(polynomial, 1536), fold_by(polynomial, 1024), fold_by(polynomial, 512),
          fold_by(polynomial, 384),  fold_by(polynomial, 256),  fold_by(polynomial, 128)};
}

using Block = std::array<std::byte, 16>;

// Reduces the whole 16-byte blocks of `bytes` (at least `fold_minimum` bytes) to one that has the same remainder;
// `state` is the CRC register before them. Returns how many bytes are accounted for.
using FoldFunction = std::size_t (*)(Bytes bytes, std::uint64_t state, const FoldConstants& constants,
                                     Block& out) noexcept;
constexpr std::size_t fold_minimum = 128;

// Those this processor can run, the fastest first.
std::vector<FoldFunction> fold_functions();

}  // namespace orlop::wire::crc
