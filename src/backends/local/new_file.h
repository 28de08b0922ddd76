// A file in the making: written beside its place under a private name, then put there in one step.
#pragma once

#include <unistd.h>

#include <string>

#include "backends/local/tree.h"
#include "orlop/driver/driver.h"

namespace orlop::local {

struct FileOptions {
  unsigned file_mode = 0;  // 0: 0666 less the umask
  bool fsync = false;
};

// Locked while its writer lives, so that leftovers of a killed one can be told. Destroyed unpublished: removed.
class NewFile {
 public:
  // Errors: invalid_argument for a key that cannot be a file.
  static Result<NewFile> open(const Tree& tree, std::string_view key, FileOptions options);
  NewFile(NewFile&&) noexcept = default;
  ~NewFile() { discard(); }

  Result<void> write(Bytes bytes);
  Result<void> write(const Context& context, const Payload& payload);
  // All bytes of another file, inside the kernel where it can (and as shared blocks where the file system can).
  Result<void> write_all_of(const Context& context, const Fd& source);
  std::uint64_t size() const noexcept { return size_; }

  // Gives it its name, by `mode`. Result: what is known of it.
  Result<Meta> publish(const Context& context, const Attrs& attrs, PutMode mode, std::string_view if_match);
  void discard() noexcept;

 private:
  NewFile(const Tree& tree, std::string key, FileOptions options)
      : tree_(&tree), key_(std::move(key)), options_(options), owner_(getpid()) {}
  Result<void> check_owner() const;
  Result<void> create();
  Result<void> finish(const Attrs& attrs);

  const Tree* tree_;
  std::string key_;
  FileOptions options_;
  pid_t owner_;  // a forked child leaves the file alone
  Fd directory_;
  Fd file_;
  std::string temporary_;  // its private name; empty once published or discarded
  std::string sidecar_;    // what keeps its attributes, if that is a file
  std::uint64_t size_ = 0;
};

// Renames, by `mode`; the sidecar of what was replaced goes with it. Errors: already_exists, precondition_failed,
// invalid_argument when there are objects below the name.
Result<void> move_into_place(const Context& context, const Fd& from, const std::string& from_name, const Fd& to,
                             const std::string& to_name, PutMode mode, std::string_view if_match);

// Removes the file and its sidecar. Success if there is none.
Result<void> remove_file(const Context& context, const Fd& directory, const std::string& name);

// Removes a private file if its writer was killed: it is not young and nobody holds its lock.
void sweep(const Fd& directory, const std::string& private_name);

}  // namespace orlop::local
