// Names of checksums, ranges resolved against a size, and payloads read from memory or a file.
#include "orlop/types.h"

#include <fmt/core.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace orlop {

namespace {

Error unsatisfiable(std::uint64_t size) {
  return Error(Code::range_not_satisfiable, fmt::format("the range lies outside of the object's {} bytes", size));
}

}  // namespace

std::string_view to_string(ChecksumAlgorithm algorithm) noexcept {
  constexpr std::array<std::string_view, 7> names = {"none", "crc32", "crc32c", "crc64nvme", "sha1", "sha256", "md5"};
  auto index = static_cast<std::size_t>(algorithm);
  return index < names.size() ? names[index] : "none";
}

// RFC 9110 section 14.1.2: a range is cut at the end; one that starts there, or the last 0 bytes, are unsatisfiable.
Result<Range::Extent> Range::resolve(std::uint64_t size) const {
  switch (kind_) {
    case Kind::all:
      return Extent{0, size};
    case Kind::suffix:
      if (length_ == 0 || size == 0) return unsatisfiable(size);
      return Extent{size - std::min(length_, size), size};
    case Kind::from:
    case Kind::bounded:
      if (offset_ >= size) return unsatisfiable(size);
      return Extent{offset_, kind_ == Kind::from ? size : offset_ + std::min(length_, size - offset_)};
  }
  return unsatisfiable(size);
}

Payload Payload::bytes(Bytes bytes) noexcept {
  Payload payload;
  payload.memory_ = bytes.data();
  payload.size_ = bytes.size();
  return payload;
}

Payload Payload::file(int fd, std::uint64_t offset, std::uint64_t length) noexcept {
  Payload payload;
  payload.fd_ = fd;
  payload.offset_ = offset;
  payload.size_ = length;
  return payload;
}

Payload Payload::slice(std::uint64_t offset, std::uint64_t length) const noexcept {
  Payload piece = *this;
  std::uint64_t begin = std::min(offset, size_);
  piece.offset_ += begin;
  piece.size_ = std::min(length, size_ - begin);
  return piece;
}

std::optional<Bytes> Payload::contiguous() const noexcept {
  if (fd_ >= 0) return std::nullopt;
  return Bytes(memory_ + offset_, static_cast<std::size_t>(size_));
}

Result<std::size_t> Payload::read_at(std::uint64_t offset, MutableBytes out) const {
  if (offset >= size_) return std::size_t{0};
  auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
  if (fd_ < 0) {
    if (wanted > 0) std::memcpy(out.data(), memory_ + offset_ + offset, wanted);
    return wanted;
  }
  std::size_t done = 0;
  while (done < wanted) {
    ssize_t n = ::pread(fd_, out.data() + done, wanted - done, static_cast<off_t>(offset_ + offset + done));
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (n == 0) {
      return Error(Code::data_corrupted, "the file became shorter while it was being read");
    } else if (errno != EINTR) {
      return Error(Code::unavailable,
                   fmt::format("the file cannot be read: {}", std::generic_category().message(errno)));
    }
  }
  return done;
}

}  // namespace orlop
