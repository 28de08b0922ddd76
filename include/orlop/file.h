// File: a stored object opened for reading, seekable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "orlop/driver/driver.h"

namespace orlop {

// Opened by Storage::open(). One request was made and serves sequential reading from the start; a seek costs
// nothing until the next read, which then opens a range of the same version of the object (if-match) - or
// skips a short way in the open body. Movable; one thread at a time.
class File {
 public:
  // Opens `request.key` of a driver verbatim, for faces with naming rules of their own (Django's). Seeking is for
  // whole objects: `request.range` must be all. The views in `request` need to live until the call returned.
  // Errors: those of Driver::read.
  static Result<File> open(std::shared_ptr<Driver> driver, const ReadRequest& request, const Context& context = {});

  File(File&&) noexcept;
  File& operator=(File&&) noexcept;
  ~File();

  const std::string& name() const noexcept;
  const Meta& meta() const noexcept;
  std::uint64_t size() const noexcept;  // bytes as stored
  std::uint64_t position() const noexcept;

  // Bytes from the position on; 0 at the end only. Errors: as Reader::read; precondition_failed when the object was
  // replaced since it was opened and the bytes can no longer come from the same version.
  Result<std::size_t> read(MutableBytes out);
  // All bytes from the position to the end.
  Result<std::string> read_all();
  // Positions past the end are allowed; reading there gives nothing.
  void seek(std::uint64_t position) noexcept;

 private:
  friend class Storage;
  struct State;
  explicit File(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace orlop
