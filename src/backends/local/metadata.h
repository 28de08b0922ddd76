// What is known of a file besides its bytes: its facts, and the attributes kept with it. docs/backends/local.md has
// the format, docs/decisions the reasons.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "backends/local/tree.h"
#include "orlop/types.h"

namespace orlop::local {

// Changes with every write of ours, and with what others do to the file as far as its time, size or inode tell.
std::string etag_of(const struct stat& facts);
SystemTime modified_of(const struct stat& facts);

// The name of the file beside it that holds the attributes of the file with these facts, where extended attributes
// do not suffice.
std::string sidecar_name(const struct stat& facts);

// Errors: invalid_argument for what no file can keep.
Result<void> check_attrs(const Attrs& attrs);

// Keeps `attrs` with an open file that has no name yet and whose bytes and times are final.
Result<void> store_attrs(const Fd& directory, const Fd& file, const Attrs& attrs);

bool has_sidecar(const Tree& tree, std::string_view directory, const Fd& file);

// The facts and attributes of an open file in `directory`.
Result<Meta> load_meta(const Tree& tree, std::string_view directory, const Fd& file);

}  // namespace orlop::local
