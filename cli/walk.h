// From an operand to the files or objects it stands for: itself, what matches its glob, what is below it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"

namespace orlop::cli {

struct Found {
  Target target;
  std::string relative;  // its name below a destination
  std::optional<std::uint64_t> size;
};

struct WalkOptions {
  bool recursive = false;
  bool globs = true;       // * ? [..] in the last part of an operand
  bool keep_name = false;  // what is below a directory keeps the directory's own name in `relative`
  bool moves = false;      // what is found will be removed: directories behind links are somebody else's
};

struct Visitor {
  std::function<bool(Found)> found;  // false: enough
  // An item that cannot be visited; the others go on.
  std::function<void(const std::string& text, const Error&)> failed;
};

// Flat memory: items are visited as they are listed. Result: how many were found. Errors: not_found when a glob or a
// recursive operand stands for nothing; of a listing that ended early.
Result<std::uint64_t> walk(Session& session, const Target& operand, const WalkOptions& options, const Visitor& visitor);

// The paths a local glob stands for, in order; of any other local operand, itself. Errors: not_found.
Result<std::vector<std::string>> local_matches(const Target& operand, bool globs);
// What an operand of a verb for single objects stands for: itself, or the files or objects that match its glob.
Result<std::vector<Target>> matches(Session& session, const Target& operand, bool globs);
// Whether an operand is a glob. A local one is none if there is a file of that name.
bool is_glob(const Target& operand, bool globs);

// Whether the last part of a key or path has * ? or [.
bool has_glob(std::string_view name) noexcept;
// As a shell matches one segment of a path; * and ? do not match a slash.
bool glob_matches(const std::string& pattern, const std::string& text);

// A storage and a key in it, for local files as well: their directory is the storage.
struct Place {
  Storage storage;
  std::string key;
};
Result<Place> place_of(Session& session, const Target& target);

}  // namespace orlop::cli
