// The pure functions a request passes through: checksums, digests, signatures' parts.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "wire/crc.h"
#include "wire/hash.h"
#include "wire/percent.h"
#include "wire/sigv4.h"

namespace {

using namespace orlop;

template <auto function>
void over_bytes(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)), std::byte{7});
  for (auto _ : state) benchmark::DoNotOptimize(function(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

std::uint32_t crc32(Bytes bytes) { return wire::crc32(bytes); }
std::uint32_t crc32c(Bytes bytes) { return wire::crc32c(bytes); }
std::uint64_t crc64nvme(Bytes bytes) { return wire::crc64nvme(bytes); }
wire::Digest sha256(Bytes bytes) { return wire::sha256(bytes); }
wire::Digest md5(Bytes bytes) { return wire::md5(bytes); }

BENCHMARK(over_bytes<crc32>)->Arg(4096)->Arg(1 << 20)->Arg(8 << 20);
BENCHMARK(over_bytes<crc32c>)->Arg(4096)->Arg(1 << 20)->Arg(8 << 20);
BENCHMARK(over_bytes<crc64nvme>)->Arg(64)->Arg(4096)->Arg(1 << 20)->Arg(8 << 20);
BENCHMARK(over_bytes<sha256>)->Arg(64)->Arg(4096)->Arg(8 << 20);
BENCHMARK(over_bytes<md5>)->Arg(4096)->Arg(8 << 20);

void hmac_with_prepared_key(benchmark::State& state) {
  const wire::HmacSha256 hmac("key");
  const std::string text(150, 's');
  for (auto _ : state) benchmark::DoNotOptimize(hmac.sign(text));
}
BENCHMARK(hmac_with_prepared_key);

// What a HEAD pays to be signed, with the key of the day at hand.
void signed_head(benchmark::State& state) {
  const wire::SigningKey key("benchbenchbenchbenchbench", {"20261121", "us-east-1"});
  const std::vector<wire::Field> headers{{"host", "bucket.s3.us-east-1.amazonaws.com"},
                                         {"x-amz-content-sha256", std::string(wire::empty_sha256)},
                                         {"x-amz-date", "20261121T120000Z"}};
  const wire::CanonicalRequest request{"HEAD", "/photos/2026/11/picture.jpg", "", headers, wire::empty_sha256};
  for (auto _ : state) benchmark::DoNotOptimize(wire::authorization(key, "AKIDBENCH", "20261121T120000Z", request));
}
BENCHMARK(signed_head);

void encode_path(benchmark::State& state) {
  const std::string key = "photos/2026/11/a picture, taken by someone.jpg";
  for (auto _ : state) benchmark::DoNotOptimize(wire::encode_path(key));
}
BENCHMARK(encode_path);

}  // namespace

BENCHMARK_MAIN();
