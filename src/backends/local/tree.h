// The directory tree that is a local store: names that cannot leave it, and the directories that come and go.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <string_view>

#include "engine/file_descriptor.h"
#include "orlop/result.h"

namespace orlop::local {

using Fd = FileDescriptor;

// Names that begin like this are ours: files in the making, and attributes the file system cannot keep.
constexpr std::string_view private_prefix = ".orlop-";

// Why no file can have this name; empty if one can.
std::string_view unusable(std::string_view key) noexcept;

// The failed system call, as what it means for the caller. `what` says what was attempted: "read the file".
Error system_error(int number, std::string_view what);

// "a/b/c" is "a/b" and "c".
struct SplitKey {
  std::string_view directory;
  std::string_view name;
};
SplitKey split(std::string_view key) noexcept;

// Every open stays below the root: symbolic links are followed as long as they do not leave it.
class Tree {
 public:
  Tree(std::string root, unsigned directory_mode, bool fsync)
      : root_(std::move(root)), directory_mode_(directory_mode), fsync_(fsync) {}

  // A regular file. Errors: not_found, also for a directory or a special file.
  Result<Fd> open_file(std::string_view key) const;
  // The directory itself; "" is the root. Errors: not_found.
  Result<Fd> open_directory(std::string_view path) const;
  // The same, made with its parents if it is not there.
  Result<Fd> make_directory(std::string_view path) const;
  // Removes `path` and its parents as far as they are empty; never the root.
  void tidy(std::string_view path) const noexcept;

  const std::string& root() const noexcept { return root_; }
  // What kernels before 5.6 get: no symbolic link below the root is followed.
  void forbid_links() noexcept { links_ = false; }

 private:
  // A descriptor, or minus the error number.
  int open_below(int root, std::string_view path, int flags) const;
  Result<Fd> open_root() const;
  Result<Fd> make_root() const;

  std::string root_;
  unsigned directory_mode_;
  bool fsync_;
  bool links_ = true;
};

}  // namespace orlop::local
