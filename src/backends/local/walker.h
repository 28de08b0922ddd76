// The files of a tree in the byte order of their keys, from any position on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/local/tree.h"
#include "orlop/driver/driver.h"

namespace orlop::local {

// Holds a bounded number of names of each directory on the way to the position, whatever is in them; a directory with
// more is read again for the next. Leftovers of killed writers are removed on the way.
class Walker {
 public:
  // `group_directories`: what is below a directory under the prefix is of no interest, only whether there is something:
  // an entry with the directory's name and a slash stands for it.
  Walker(const Tree& tree, const Context& context, std::string prefix, bool group_directories)
      : tree_(tree), context_(context), prefix_(std::move(prefix)), group_directories_(group_directories) {}

  // The first entry whose key is not less than `position`, which never goes back; nullopt at the end.
  // Errors: not_found when the root is missing.
  Result<std::optional<Entry>> next(const std::string& position);

 private:
  struct Directory {
    std::string path;  // with its slash; empty for the root
    Fd open;           // empty: it is gone
    dev_t device = 0;
    ino_t inode = 0;
    std::vector<std::string> names;  // in order; those of directories with a slash
    std::size_t at = 0;
    bool complete = false;  // there are no more than these
  };

  Result<void> enter(std::string path, const std::string& position);
  Result<void> fill(Directory& directory, const std::string& position) const;
  // Steps into a directory, or gives the entry of a file; nullopt: nothing to see, go on.
  Result<std::optional<Entry>> visit(const std::string& key, const std::string& position);
  std::optional<Entry> entry_of(const std::string& key) const;
  Result<bool> has_object(const std::string& path, unsigned depth) const;
  // The same of what is at or behind `position`, which lies below `path`.
  Result<bool> has_object_from(const std::string& path, const std::string& position) const;
  bool is_above(const Directory& directory) const noexcept;

  const Tree& tree_;
  const Context& context_;
  const std::string prefix_;
  const bool group_directories_;
  std::vector<Directory> stack_;
  bool started_ = false;
};

}  // namespace orlop::local
