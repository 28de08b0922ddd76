// A file in the making beside the one it will replace.
#pragma once

#include <string>

#include "engine/file_descriptor.h"
#include "orlop/types.h"

namespace orlop {

// Its name is hidden and depends on the target's alone, so that what a killed run leaves is used again and removed by
// the next; its lock keeps two runs apart. Destroyed unpublished: removed.
class TemporaryFile {
 public:
  static Result<TemporaryFile> open(const std::string& target);
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  Result<void> write_at(std::uint64_t offset, Bytes bytes);  // safe from several threads
  Payload content(std::uint64_t size) const noexcept { return Payload::file(fd_.get(), 0, size); }
  // Gives it the target's name.
  Result<void> publish();

 private:
  explicit TemporaryFile(const std::string& target);
  bool has_its_name() const;

  std::string target_;
  std::string path_;
  FileDescriptor fd_;
  bool owned_ = false;
};

}  // namespace orlop
