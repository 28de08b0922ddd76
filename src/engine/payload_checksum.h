// The checksum of a payload.
#pragma once

#include "orlop/types.h"

namespace orlop::engine {

// Errors: of reading it.
Result<Checksum> checksum_of(const Payload& payload, ChecksumAlgorithm algorithm);

}  // namespace orlop::engine
