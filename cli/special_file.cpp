#include "cli/special_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "cli/descriptor.h"

namespace orlop::cli {
namespace {

constexpr std::size_t buffer_size = 1 << 20;

Error interrupted() { return Error(Code::canceled, "interrupted"); }

// A named pipe opens when somebody reads it.
Result<int> open_for_writing(Session& session, const std::string& path) {
  for (;;) {
    int fd = ::open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) return fd;
    if (session.stopped()) return interrupted();
    if (errno != EINTR) return system_error({}, errno);
  }
}

Result<void> write_all(Session& session, int fd, Bytes bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && session.stopped()) return interrupted();
    if (count < 0 && errno != EINTR) return system_error({}, errno);
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

bool is_special_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

Result<std::uint64_t> write_into(Session& session, const std::string& path, const Source& source, Progress& progress) {
  ORLOP_ASSIGN(int fd, open_for_writing(session, path));
  Descriptor sink(fd);
  std::vector<std::byte> buffer(buffer_size);
  for (std::uint64_t total = 0;;) {
    ORLOP_ASSIGN(std::size_t count, source(buffer));
    if (count == 0) return total;
    ORLOP_TRY(write_all(session, sink.get(), Bytes(buffer).first(count)));
    total += count;
    progress.add_bytes(static_cast<std::int64_t>(count));
  }
}

}  // namespace orlop::cli
