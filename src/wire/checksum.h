// A checksum of any algorithm S3 knows, computed as the bytes go by.
#pragma once

#include <variant>

#include "wire/hash.h"

namespace orlop::wire {

class Checksummer {
 public:
  explicit Checksummer(ChecksumAlgorithm algorithm);

  ChecksumAlgorithm algorithm() const noexcept { return algorithm_; }
  void update(Bytes bytes);
  // Once; afterwards the object is of no more use. `none` has no bytes.
  Checksum finish();

 private:
  ChecksumAlgorithm algorithm_;
  std::variant<std::monostate, std::uint32_t, std::uint64_t, Hash> state_;
};

Checksum checksum(ChecksumAlgorithm algorithm, Bytes bytes);

}  // namespace orlop::wire
