// The CRCs of S3's additional checksums: CRC-32, CRC-32C and CRC-64/NVME. Folded with carry-less multiplication where
// the processor has it (docs/decisions/0010), portable otherwise.
#pragma once

#include "orlop/types.h"

namespace orlop::wire {

// The CRC of what gave `previous` followed by `bytes`; start with 0.
std::uint32_t crc32(Bytes bytes, std::uint32_t previous = 0) noexcept;
std::uint32_t crc32c(Bytes bytes, std::uint32_t previous = 0) noexcept;
std::uint64_t crc64nvme(Bytes bytes, std::uint64_t previous = 0) noexcept;

// The CRC of A followed by B from the CRCs of A and B and B's length, without their bytes.
std::uint32_t combine_crc32(std::uint32_t a, std::uint32_t b, std::uint64_t length_of_b) noexcept;
std::uint32_t combine_crc32c(std::uint32_t a, std::uint32_t b, std::uint64_t length_of_b) noexcept;
std::uint64_t combine_crc64nvme(std::uint64_t a, std::uint64_t b, std::uint64_t length_of_b) noexcept;

}  // namespace orlop::wire
