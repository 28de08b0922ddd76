#include "wire/checksum.h"

#include "wire/crc.h"

namespace orlop::wire {
namespace {

// S3 writes CRCs as big-endian bytes (Checking object integrity, "x-amz-checksum-*").
template <class Word>
std::string big_endian(Word word) {
  std::string out(sizeof(Word), '\0');
  for (std::size_t i = sizeof(Word); i-- > 0; word >>= 8) out[i] = static_cast<char>(word & 0xFF);
  return out;
}

}  // namespace

Checksummer::Checksummer(ChecksumAlgorithm algorithm) : algorithm_(algorithm) {
  switch (algorithm) {
    case ChecksumAlgorithm::none:
      break;
    case ChecksumAlgorithm::crc32:
    case ChecksumAlgorithm::crc32c:
      state_ = std::uint32_t{0};
      break;
    case ChecksumAlgorithm::crc64nvme:
      state_ = std::uint64_t{0};
      break;
    case ChecksumAlgorithm::sha1:
      state_.emplace<Hash>(HashAlgorithm::sha1);
      break;
    case ChecksumAlgorithm::sha256:
      state_.emplace<Hash>(HashAlgorithm::sha256);
      break;
    case ChecksumAlgorithm::md5:
      state_.emplace<Hash>(HashAlgorithm::md5);
      break;
  }
}

void Checksummer::update(Bytes bytes) {
  if (auto* narrow = std::get_if<std::uint32_t>(&state_)) {
    *narrow = algorithm_ == ChecksumAlgorithm::crc32 ? crc32(bytes, *narrow) : crc32c(bytes, *narrow);
  } else if (auto* wide = std::get_if<std::uint64_t>(&state_)) {
    *wide = crc64nvme(bytes, *wide);
  } else if (auto* hash = std::get_if<Hash>(&state_)) {
    hash->update(bytes);
  }
}

Checksum Checksummer::finish() {
  if (const auto* narrow = std::get_if<std::uint32_t>(&state_)) return {algorithm_, big_endian(*narrow)};
  if (const auto* wide = std::get_if<std::uint64_t>(&state_)) return {algorithm_, big_endian(*wide)};
  if (auto* hash = std::get_if<Hash>(&state_)) return {algorithm_, std::string(hash->finish().text())};
  return {};
}

Checksum checksum(ChecksumAlgorithm algorithm, Bytes bytes) {
  Checksummer summer(algorithm);
  summer.update(bytes);
  return summer.finish();
}

}  // namespace orlop::wire
