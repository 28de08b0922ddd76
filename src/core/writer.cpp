// Writer::write_from for writers that only know write().
#include "orlop/driver/writer.h"

#include <algorithm>
#include <vector>

namespace orlop {

Result<void> Writer::write_from(const Payload& payload) {
  if (auto bytes = payload.contiguous()) return write(*bytes);
  constexpr std::uint64_t block_size = 256 << 10;
  std::vector<std::byte> block(static_cast<std::size_t>(std::min(block_size, payload.size())));
  for (std::uint64_t done = 0; done < payload.size();) {
    ORLOP_ASSIGN(std::size_t n, payload.read_at(done, block));
    ORLOP_TRY(write(Bytes(block.data(), n)));
    done += n;
  }
  return {};
}

}  // namespace orlop
