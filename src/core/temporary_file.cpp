#include "core/temporary_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "engine/permissions.h"

namespace orlop {

namespace {

// FNV-1a, 64 bits (draft-eastlake-fnv, section 2): short names for long ones, the same in every process.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char byte : text) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

}  // namespace

Result<TemporaryFile> TemporaryFile::open(const std::string& target) {
  TemporaryFile file(target);
  constexpr int tries = 10;  // somebody else may rename or remove the file between open(2) and flock(2)
  for (int i = 0; i < tries; ++i) {
    file.fd_ = FileDescriptor(::open(file.path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!file.fd_) return system_error(target, errno);
    if (::flock(file.fd_.get(), LOCK_EX | LOCK_NB) != 0) {
      return Error(Code::unavailable, fmt::format("{}: another download is writing it", target));
    }
    if (!file.has_its_name()) continue;
    file.owned_ = true;
    if (::ftruncate(file.fd_.get(), 0) != 0) return system_error(target, errno);
    engine::keep_permissions(AT_FDCWD, target, file.fd_.get());
    return file;
  }
  return Error(Code::unavailable, fmt::format("{}: other downloads keep replacing it", target));
}

TemporaryFile::TemporaryFile(const std::string& target) : target_(target) {
  std::size_t slash = target.rfind('/');
  std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  path_ = fmt::format("{}.orlop-part-{:016x}", target.substr(0, name), hash_of(target.substr(name)));
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : target_(std::move(other.target_)),
      path_(std::move(other.path_)),
      fd_(std::move(other.fd_)),
      owned_(std::exchange(other.owned_, false)) {}

TemporaryFile::~TemporaryFile() {
  if (owned_) ::unlink(path_.c_str());
}

Result<void> TemporaryFile::write_at(std::uint64_t offset, Bytes bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(target_, errno);
    offset += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> TemporaryFile::publish() {
  if (::rename(path_.c_str(), target_.c_str()) != 0) return system_error(target_, errno);
  owned_ = false;
  return {};
}

bool TemporaryFile::has_its_name() const {
  struct stat by_name {};
  struct stat by_descriptor {};
  return ::stat(path_.c_str(), &by_name) == 0 && ::fstat(fd_.get(), &by_descriptor) == 0 &&
         by_name.st_dev == by_descriptor.st_dev && by_name.st_ino == by_descriptor.st_ino;
}

}  // namespace orlop
