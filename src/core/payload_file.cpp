#include "core/payload_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>

namespace orlop {

Result<PayloadFile> PayloadFile::open(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (!fd || ::fstat(fd.get(), &facts) != 0) return system_error(path, errno);
  if (!S_ISREG(facts.st_mode)) return Error(Code::invalid_argument, fmt::format("{} is not a regular file", path));
  return PayloadFile(std::move(fd), static_cast<std::uint64_t>(facts.st_size));
}

}  // namespace orlop
