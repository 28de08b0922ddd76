// Folding with carry-less multiplication: Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
// Instruction" (Intel, 2009). Works for every reflected CRC of at most 64 bits, given its constants.
#include "wire/crc_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace orlop::wire::crc {

#if defined(__x86_64__)
namespace {

#define ORLOP_SSE __attribute__((target("sse2,pclmul")))
// Not left to the optimizer: without inlining, each step of the loops would go through memory.
#define ORLOP_STEP __attribute__((always_inline)) inline
#define ORLOP_AVX2 __attribute__((target("avx2,vpclmulqdq,pclmul")))
#define ORLOP_AVX512 __attribute__((target("avx512f,avx512dq,avx512vl,vpclmulqdq,pclmul")))

ORLOP_SSE ORLOP_STEP __m128i load(const std::byte* at) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

ORLOP_SSE ORLOP_STEP __m128i constant(FoldBy by) noexcept {
  return _mm_set_epi64x(static_cast<long long>(by.high), static_cast<long long>(by.low));
}

// `value` carried forward and added to what stands there.
ORLOP_SSE ORLOP_STEP __m128i fold(__m128i value, __m128i by, __m128i next) noexcept {
  const __m128i low = _mm_clmulepi64_si128(value, by, 0x00);
  const __m128i high = _mm_clmulepi64_si128(value, by, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

// Folds the remaining whole blocks one by one and stores the last remainder.
ORLOP_SSE std::size_t finish(__m128i value, Bytes bytes, std::size_t at, const FoldConstants& constants,
                             Block& out) noexcept {
  const __m128i by_128 = constant(constants.by_128);
  for (; at + 16 <= bytes.size(); at += 16) value = fold(value, by_128, load(bytes.data() + at));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out.data()), value);
  return at;
}

// Eight accumulators hide the latency of the multiplication.
ORLOP_SSE std::size_t fold_sse(Bytes bytes, std::uint64_t state, const FoldConstants& constants, Block& out) noexcept {
  const std::byte* data = bytes.data();
  __m128i lanes[8];
  for (int i = 0; i < 8; ++i) lanes[i] = load(data + 16 * i);
  lanes[0] = _mm_xor_si128(lanes[0], _mm_set_epi64x(0, static_cast<long long>(state)));
  const __m128i by_1024 = constant(constants.by_1024);
  std::size_t at = 128;
  for (; at + 128 <= bytes.size(); at += 128)
    for (int i = 0; i < 8; ++i) lanes[i] = fold(lanes[i], by_1024, load(data + at + 16 * i));
  const __m128i by_512 = constant(constants.by_512);
  for (int i = 0; i < 4; ++i) lanes[i + 4] = fold(lanes[i], by_512, lanes[i + 4]);
  const __m128i by_256 = constant(constants.by_256);
  for (int i = 4; i < 6; ++i) lanes[i + 2] = fold(lanes[i], by_256, lanes[i + 2]);
  const __m128i value = fold(lanes[6], constant(constants.by_128), lanes[7]);
  return finish(value, bytes, at, constants, out);
}

ORLOP_AVX2 ORLOP_STEP __m256i load_double(const std::byte* at) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

ORLOP_AVX2 ORLOP_STEP __m256i fold_double(__m256i value, FoldBy by, __m256i next) noexcept {
  const __m256i factors = _mm256_broadcastsi128_si256(constant(by));
  const __m256i low = _mm256_clmulepi64_epi128(value, factors, 0x00);
  const __m256i high = _mm256_clmulepi64_epi128(value, factors, 0x11);
  return _mm256_xor_si256(_mm256_xor_si256(low, high), next);
}

ORLOP_AVX2 std::size_t fold_avx2(Bytes bytes, std::uint64_t state, const FoldConstants& constants,
                                 Block& out) noexcept {
  if (bytes.size() < 256) return fold_sse(bytes, state, constants, out);
  const std::byte* data = bytes.data();
  __m256i lanes[8];
  for (int i = 0; i < 8; ++i) lanes[i] = load_double(data + 32 * i);
  lanes[0] = _mm256_xor_si256(lanes[0], _mm256_set_epi64x(0, 0, 0, static_cast<long long>(state)));
  std::size_t at = 256;
  for (; at + 256 <= bytes.size(); at += 256)
    for (int i = 0; i < 8; ++i) lanes[i] = fold_double(lanes[i], constants.by_2048, load_double(data + at + 32 * i));
  for (int i = 0; i < 4; ++i) lanes[i + 4] = fold_double(lanes[i], constants.by_1024, lanes[i + 4]);
  for (int i = 4; i < 6; ++i) lanes[i + 2] = fold_double(lanes[i], constants.by_512, lanes[i + 2]);
  lanes[7] = fold_double(lanes[6], constants.by_256, lanes[7]);
  const __m128i earlier = _mm256_castsi256_si128(lanes[7]);
  const __m128i value = fold(earlier, constant(constants.by_128), _mm256_extracti128_si256(lanes[7], 1));
  return finish(value, bytes, at, constants, out);
}

ORLOP_AVX512 ORLOP_STEP __m512i load_wide(const std::byte* at) noexcept { return _mm512_loadu_si512(at); }

ORLOP_AVX512 ORLOP_STEP __m512i constant_wide(FoldBy by) noexcept {
  const auto high = static_cast<long long>(by.high);
  const auto low = static_cast<long long>(by.low);
  return _mm512_set_epi64(high, low, high, low, high, low, high, low);
}

ORLOP_AVX512 ORLOP_STEP __m512i fold_wide(__m512i value, __m512i by, __m512i next) noexcept {
  const __m512i low = _mm512_clmulepi64_epi128(value, by, 0x00);
  const __m512i high = _mm512_clmulepi64_epi128(value, by, 0x11);
  return _mm512_ternarylogic_epi64(low, high, next, 0x96);  // low ^ high ^ next
}

ORLOP_AVX512 std::size_t fold_avx512(Bytes bytes, std::uint64_t state, const FoldConstants& constants,
                                     Block& out) noexcept {
  if (bytes.size() < 256) return fold_sse(bytes, state, constants, out);
  const std::byte* data = bytes.data();
  __m512i a = load_wide(data);
  __m512i b = load_wide(data + 64);
  __m512i c = load_wide(data + 128);
  __m512i d = load_wide(data + 192);
  a = _mm512_xor_si512(a, _mm512_zextsi128_si512(_mm_set_epi64x(0, static_cast<long long>(state))));
  const __m512i by_2048 = constant_wide(constants.by_2048);
  std::size_t at = 256;
  for (; at + 256 <= bytes.size(); at += 256) {
    a = fold_wide(a, by_2048, load_wide(data + at));
    b = fold_wide(b, by_2048, load_wide(data + at + 64));
    c = fold_wide(c, by_2048, load_wide(data + at + 128));
    d = fold_wide(d, by_2048, load_wide(data + at + 192));
  }
  d = fold_wide(a, constant_wide(constants.by_1536), d);
  d = fold_wide(b, constant_wide(constants.by_1024), d);
  d = fold_wide(c, constant_wide(constants.by_512), d);
  __m128i value = _mm512_extracti64x2_epi64(d, 3);
  value = fold(_mm512_extracti64x2_epi64(d, 0), constant(constants.by_384), value);
  value = fold(_mm512_extracti64x2_epi64(d, 1), constant(constants.by_256), value);
  value = fold(_mm512_extracti64x2_epi64(d, 2), constant(constants.by_128), value);
  return finish(value, bytes, at, constants, out);
}

}  // namespace

std::vector<FoldFunction> fold_functions() {
  std::vector<FoldFunction> functions;
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("pclmul")) return functions;
  if (__builtin_cpu_supports("vpclmulqdq")) {
    const bool has_avx512 =
        __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (has_avx512) functions.push_back(fold_avx512);
    if (__builtin_cpu_supports("avx2")) functions.push_back(fold_avx2);
  }
  functions.push_back(fold_sse);
  return functions;
}

#else

std::vector<FoldFunction> fold_functions() { return {}; }

#endif

}  // namespace orlop::wire::crc
