#include "backends/local/tree.h"

#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace orlop::local {
namespace {

constexpr std::size_t name_max = 255;    // bytes of one segment, on every file system of Linux
constexpr std::size_t path_max = 4'000;  // PATH_MAX less the names we put beside

int open_by_kernel(int root, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: something was renamed meanwhile, and the kernel could not be sure (openat2(2)).
  for (int tries = 0; tries < 128; ++tries) {
    long fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0) return static_cast<int>(fd);
    if (errno != EAGAIN && errno != EINTR) break;
  }
  return -errno;
}

int open_by_segment(int root, std::string path, int flags) {
  Fd directory;
  int at = root;
  std::size_t begin = 0;
  for (std::size_t slash; (slash = path.find('/', begin)) != std::string::npos; begin = slash + 1) {
    path[slash] = '\0';
    Fd next(::openat(at, path.c_str() + begin, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return -errno;
    directory = std::move(next);
    at = directory.get();
  }
  int fd = ::openat(at, path.c_str() + begin, flags | O_NOFOLLOW);
  return fd >= 0 ? fd : -errno;
}

}  // namespace

std::string_view unusable(std::string_view key) noexcept {
  if (key.empty()) return "an empty name cannot be a file";
  if (key.size() > path_max) return "the name is longer than a file system can hold";
  if (key.find('\0') != std::string_view::npos) return "a file name cannot hold NUL";
  for (std::string_view rest = key;;) {
    std::size_t slash = rest.find('/');
    std::string_view segment = rest.substr(0, slash);
    if (segment.empty()) return "a file system has no empty segments: no slash at either end, no two in a row";
    if (segment == "." || segment == "..") return "\".\" and \"..\" are not names in a file system";
    if (segment.size() > name_max) return "a segment is longer than the 255 bytes a file name can have";
    if (segment.starts_with(private_prefix)) return "names that begin with \".orlop-\" are reserved";
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

Error system_error(int number, std::string_view what) {
  auto say = [&](Code code, std::string_view why, Retry retry = Retry::never) {
    return Error(code, "cannot " + std::string(what) + ": " + std::string(why), retry);
  };
  switch (number) {
    case ENOENT:
      return Error(Code::not_found, "no such object");
    case EXDEV:  // openat2(2): RESOLVE_BENEATH
    case ELOOP:
      return say(Code::invalid_argument, "a symbolic link on the way leaves the directory of this storage");
    case ENOTDIR:
      return say(Code::invalid_argument, "a part of the name is an object, and a file cannot have others below it");
    case EISDIR:
    case ENOTEMPTY:
      return say(Code::invalid_argument, "there are objects below this name, and a directory cannot be one itself");
    case ENAMETOOLONG:
      return say(Code::invalid_argument, "the name is too long for this file system");
    case EACCES:
    case EPERM:
    case EROFS:
      return say(Code::permission_denied, std::strerror(number));
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EINTR:
    case ESTALE:
      return say(Code::unavailable, std::strerror(number), Retry::safe);
    default:
      return say(Code::unavailable, std::strerror(number));
  }
}

SplitKey split(std::string_view key) noexcept {
  std::size_t slash = key.rfind('/');
  if (slash == std::string_view::npos) return {{}, key};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

int Tree::open_below(int root, std::string_view path, int flags) const {
  static std::atomic<bool> kernel_can{true};
  std::string text(path.empty() ? "." : path);
  flags |= O_CLOEXEC;
  if (links_ && kernel_can.load(std::memory_order_relaxed)) {
    int fd = open_by_kernel(root, text.c_str(), flags);
    // EPERM is what the seccomp filters of older containers answer to calls they do not know.
    if (fd != -ENOSYS && fd != -EPERM) return fd;
    kernel_can = fd != -ENOSYS;
  }
  return open_by_segment(root, std::move(text), flags);
}

Result<Fd> Tree::open_root() const {
  Fd root(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (root) return root;
  if (errno == ENOENT) return Error(Code::not_found, "the directory of this storage does not exist");
  if (errno == ENOTDIR) return Error(Code::config_invalid, "the root of this storage is not a directory");
  return system_error(errno, "open the directory of this storage");
}

Result<Fd> Tree::make_root() const {
  for (std::size_t slash = root_.find('/', 1);; slash = root_.find('/', slash + 1)) {
    std::string part = root_.substr(0, slash);
    if (::mkdir(part.c_str(), directory_mode_) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
      return system_error(errno, "make the directory of this storage");
    if (slash == std::string::npos) break;
  }
  return open_root();
}

Result<Fd> Tree::open_file(std::string_view key) const {
  if (std::string_view why = unusable(key); !why.empty()) return Error(Code::not_found, std::string(why));
  ORLOP_ASSIGN(Fd root, open_root());
  // A named pipe must not make us wait.
  Fd file(open_below(root.get(), key, O_RDONLY | O_NONBLOCK));
  int number = -file.get();
  struct stat facts;
  if (file && ::fstat(file.get(), &facts) == 0 && S_ISREG(facts.st_mode)) return file;
  if (file || number == ENOTDIR || number == ENXIO || number == ENAMETOOLONG)
    return Error(Code::not_found, "no such object");
  return system_error(number, "open the file");
}

Result<Fd> Tree::open_directory(std::string_view path) const {
  ORLOP_ASSIGN(Fd root, open_root());
  Fd directory(open_below(root.get(), path, O_RDONLY | O_DIRECTORY));
  if (directory) return directory;
  int number = -directory.get();
  if (number == ENOTDIR || number == ENAMETOOLONG) return Error(Code::not_found, "no such directory");
  return system_error(number, "open the directory");
}

Result<Fd> Tree::make_directory(std::string_view path) const {
  auto root = open_root();
  if (!root && root.error().code() == Code::not_found) root = make_root();
  if (!root) return std::move(root).error();
  Fd directory(open_below(root->get(), path, O_RDONLY | O_DIRECTORY));
  if (directory || directory.get() != -ENOENT) {
    if (directory) return directory;
    return system_error(-directory.get(), "open the directory");
  }
  ORLOP_ASSIGN(Fd parent, make_directory(split(path).directory));
  if (::mkdirat(parent.get(), std::string(split(path).name).c_str(), directory_mode_) != 0 && errno != EEXIST)
    return system_error(errno, "make a directory");
  if (fsync_ && ::fsync(parent.get()) != 0) return system_error(errno, "sync a directory");
  directory = Fd(open_below(root->get(), path, O_RDONLY | O_DIRECTORY));
  if (directory) return directory;
  return system_error(-directory.get(), "open the directory");
}

void Tree::tidy(std::string_view path) const noexcept {
  for (; !path.empty(); path = split(path).directory) {
    auto parent = open_directory(split(path).directory);
    if (!parent || ::unlinkat(parent->get(), std::string(split(path).name).c_str(), AT_REMOVEDIR) != 0) return;
  }
}

}  // namespace orlop::local
