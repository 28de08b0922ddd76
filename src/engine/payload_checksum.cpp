#include "engine/payload_checksum.h"

#include <vector>

#include "wire/checksum.h"

namespace orlop::engine {

Result<Checksum> checksum_of(const Payload& payload, ChecksumAlgorithm algorithm) {
  if (auto bytes = payload.contiguous()) return wire::checksum(algorithm, *bytes);
  wire::Checksummer sum(algorithm);
  std::vector<std::byte> block(256 << 10);
  for (std::uint64_t done = 0; done < payload.size();) {
    ORLOP_ASSIGN(std::size_t n, payload.read_at(done, block));
    sum.update(Bytes(block.data(), n));
    done += n;
  }
  return sum.finish();
}

}  // namespace orlop::engine
