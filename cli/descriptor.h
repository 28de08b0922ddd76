// A file descriptor that closes itself, unless it is one of the process's first three.
#pragma once

#include <unistd.h>

namespace orlop::cli {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

// Call first of all. A closed one of the first three would be given to the first file that is opened, which would then
// get what is meant for the terminal: it becomes one that cannot be used the way it is meant to. False: that failed.
bool occupy_standard_descriptors() noexcept;

}  // namespace orlop::cli
