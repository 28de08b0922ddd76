// Files of settings. Not by streams: those of libstdc++ throw where a directory is read.
#include "orlop/settings_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "engine/file_descriptor.h"

namespace orlop {

namespace {

constexpr std::size_t size_limit = std::size_t{16} << 20;
constexpr std::size_t read_at_once = 64 << 10;

Error unreadable(const std::string& path, int number) {
  return Error(number == ENOENT ? Code::not_found : Code::config_invalid,
               fmt::format("{} cannot be read: {}", path, std::generic_category().message(number)));
}

}  // namespace

Result<std::string> read_settings_file(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return unreadable(path, errno);
  std::string text;
  for (std::size_t size = 0;;) {
    if (size > size_limit) return unreadable(path, EFBIG);
    text.resize(size + read_at_once);
    ssize_t count = ::read(file.get(), text.data() + size, read_at_once);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unreadable(path, errno);
    size += static_cast<std::size_t>(count);
    text.resize(size);
    if (count == 0) return text;
  }
}

}  // namespace orlop
