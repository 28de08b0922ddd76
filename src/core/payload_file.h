// A file on disk as the payload of an upload.
#pragma once

#include <string>
#include <utility>

#include "engine/file_descriptor.h"
#include "orlop/types.h"

namespace orlop {

class PayloadFile {
 public:
  // Errors: invalid_argument for what is no regular file.
  static Result<PayloadFile> open(const std::string& path);

  // Valid as long as this is.
  Payload payload() const noexcept { return Payload::file(fd_.get(), 0, size_); }

 private:
  PayloadFile(FileDescriptor fd, std::uint64_t size) : fd_(std::move(fd)), size_(size) {}

  FileDescriptor fd_;
  std::uint64_t size_;
};

}  // namespace orlop
