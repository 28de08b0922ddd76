#include "cli/walk.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <fts.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "cli/paths.h"

namespace orlop::cli {
namespace {

Error nothing(std::string_view what) { return Error(Code::not_found, std::string(what)); }

// The key's directory with its slash, and what follows.
std::size_t last_part(std::string_view key) { return key.rfind('/') + 1; }

class RemoteWalk {
 public:
  RemoteWalk(Session& session, const Storage& storage, const Target& operand, const Visitor& visitor)
      : session_(session), storage_(storage), operand_(operand), visitor_(visitor) {}

  // Everything below `directory`; names are relative to the first `base` bytes of a key.
  Result<bool> tree(const std::string& directory, std::size_t base) {
    return each(directory, "", [&](const Entry& entry) -> Result<bool> { return visit(entry, base); });
  }

  Result<bool> matches(bool recursive) {
    const std::size_t base = last_part(operand_.key);
    const std::string pattern = operand_.key.substr(base);
    const std::string literal = operand_.key.substr(0, operand_.key.find_first_of("*?[\\", base));
    return each(literal, "/", [&](const Entry& entry) -> Result<bool> {
      std::string_view name = std::string_view(entry.key).substr(base);
      if (entry.is_prefix) name.remove_suffix(1);
      if (!glob_matches(pattern, std::string(name))) return true;
      if (!entry.is_prefix) return visit(entry, base);
      return recursive ? tree(entry.key, base) : true;
    });
  }

  std::uint64_t count() const noexcept { return count_; }

 private:
  template <class Use>
  Result<bool> each(const std::string& prefix, std::string_view delimiter, Use use) {
    Lister lister = storage_.list(prefix, delimiter, session_.context());
    for (;;) {
      ORLOP_ASSIGN(const Entry* entry, lister.next());
      if (!entry) return true;
      ORLOP_ASSIGN(bool more, use(*entry));
      if (!more) return false;
    }
  }

  bool visit(const Entry& entry, std::size_t base) {
    ++count_;
    return visitor_.found({operand_.with_key(entry.key), entry.key.substr(base), entry.size});
  }

  Session& session_;
  const Storage& storage_;
  const Target& operand_;
  const Visitor& visitor_;
  std::uint64_t count_ = 0;
};

Result<std::uint64_t> walk_remote(Session& session, const Target& operand, const WalkOptions& options,
                                  const Visitor& visitor) {
  const bool pattern = is_glob(operand, options.globs);
  if (!pattern && !options.recursive) {
    visitor.found({operand, std::string(last_segment(operand.key)), std::nullopt});
    return 1;
  }
  ORLOP_ASSIGN(Storage storage, session.open(operand));
  RemoteWalk remote(session, storage, operand, visitor);
  if (pattern) {
    ORLOP_TRY(remote.matches(options.recursive));
    if (remote.count() == 0) return nothing("nothing matches (--no-glob takes the name as it is)");
  } else {
    const std::string directory = operand.key.empty() || operand.key.ends_with('/') ? operand.key : operand.key + "/";
    const std::size_t base =
        options.keep_name ? last_part(std::string_view(directory).substr(0, directory.size() - !directory.empty()))
                          : directory.size();
    ORLOP_TRY(remote.tree(directory, base));
    if (remote.count() == 0) return nothing("nothing is below it");
  }
  return remote.count();
}

Target local_target(const std::string& path) { return {Target::Kind::local, path, path, nullptr}; }

// What is half done or belongs to a file beside it; not shown and not taken along.
constexpr std::string_view private_prefix = ".orlop-";

Error linked_directory() {
  return Error(Code::invalid_argument,
               "a symbolic link to a directory is not moved: copy what is behind it, or remove it");
}

bool is_link(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

// The regular files of a tree, symbolic links followed, cycles reported.
class LocalWalk {
 public:
  LocalWalk(const std::string& root, std::size_t base, bool moves, const Visitor& visitor)
      : root_(root), base_(base), moves_(moves), visitor_(visitor) {}

  Result<std::uint64_t> run() {
    char* const roots[] = {const_cast<char*>(root_.c_str()), nullptr};
    auto by_name = [](const FTSENT** a, const FTSENT** b) { return std::strcmp((*a)->fts_name, (*b)->fts_name); };
    std::unique_ptr<FTS, int (*)(FTS*)> tree(fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name), fts_close);
    if (!tree) return system_error(root_, errno);
    while (FTSENT* entry = fts_read(tree.get())) {
      const std::string path(entry->fts_path, entry->fts_pathlen);
      const bool below = entry->fts_level > FTS_ROOTLEVEL;
      if (below && std::string_view(entry->fts_name).starts_with(private_prefix)) {
        fts_set(tree.get(), entry, FTS_SKIP);
      } else if (below && moves_ && entry->fts_info == FTS_D && is_link(path)) {
        fts_set(tree.get(), entry, FTS_SKIP);
        visitor_.failed(path, linked_directory());
      } else if (!visit(*entry, path)) {
        break;
      }
    }
    return count_;
  }

 private:
  bool visit(const FTSENT& entry, const std::string& path) {
    switch (entry.fts_info) {
      case FTS_D:
      case FTS_DP:
        return true;
      case FTS_F:
        ++count_;
        return visitor_.found(
            {local_target(path), path.substr(base_), static_cast<std::uint64_t>(entry.fts_statp->st_size)});
      case FTS_DC:
        return failed(path, Error(Code::invalid_argument, "a symbolic link leads back to a directory above it"));
      case FTS_SLNONE:
        return failed(path, Error(Code::not_found, "the symbolic link leads nowhere"));
      case FTS_DEFAULT:
        return failed(path, Error(Code::invalid_argument, "neither a file nor a directory"));
      default:
        return failed(path, system_error({}, entry.fts_errno));
    }
  }

  bool failed(const std::string& path, const Error& error) { return visitor_.failed(path, error), true; }

  const std::string& root_;
  const std::size_t base_;
  const bool moves_;
  const Visitor& visitor_;
  std::uint64_t count_ = 0;
};

Result<std::uint64_t> walk_path(const std::string& path, const WalkOptions& options, const Visitor& visitor,
                                bool below_its_name) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return system_error({}, errno);
  if (!S_ISDIR(status.st_mode)) {
    std::optional<std::uint64_t> size;
    if (S_ISREG(status.st_mode)) size = static_cast<std::uint64_t>(status.st_size);
    visitor.found({local_target(path), std::string(last_segment(path)), size});
    return 1;
  }
  if (!options.recursive) return Error(Code::invalid_argument, "is a directory: write -r to take what is in it");
  if (options.moves && is_link(path)) return linked_directory();
  std::string root = path;
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  const std::size_t base = below_its_name ? last_part(root) : root.size() + (root == "/" ? 0 : 1);
  return LocalWalk(root, base, options.moves, visitor).run();
}

Result<std::uint64_t> walk_local(const Target& operand, const WalkOptions& options, const Visitor& visitor) {
  if (!is_glob(operand, options.globs)) return walk_path(operand.key, options, visitor, options.keep_name);
  ORLOP_ASSIGN(std::vector<std::string> paths, local_matches(operand, options.globs));
  if (!options.recursive) std::erase_if(paths, is_directory);
  if (paths.empty()) {
    return Error(Code::invalid_argument, "only directories match: write -r to take what is in them");
  }
  std::uint64_t count = 0;
  for (const std::string& path : paths) {
    auto found = walk_path(path, options, visitor, true);
    if (found)
      count += *found;
    else
      visitor.failed(path, found.error());
  }
  return count;
}

}  // namespace

Result<std::uint64_t> walk(Session& session, const Target& operand, const WalkOptions& options,
                           const Visitor& visitor) {
  return operand.is_remote() ? walk_remote(session, operand, options, visitor) : walk_local(operand, options, visitor);
}

bool is_glob(const Target& operand, bool globs) {
  if (!globs || operand.is_stream() || !has_glob(operand.key)) return false;
  struct stat status {};
  return operand.is_remote() || ::lstat(operand.key.c_str(), &status) != 0;
}

Result<std::vector<std::string>> local_matches(const Target& operand, bool globs) {
  if (!is_glob(operand, globs)) return std::vector{operand.key};
  glob_t found{};
  std::unique_ptr<glob_t, void (*)(glob_t*)> release(&found, ::globfree);
  if (::glob(operand.key.c_str(), 0, nullptr, &found) != 0) return nothing("nothing matches");
  return std::vector<std::string>(found.gl_pathv, found.gl_pathv + found.gl_pathc);
}

Result<std::vector<Target>> matches(Session& session, const Target& operand, bool globs) {
  if (!is_glob(operand, globs)) return std::vector{operand};
  std::vector<Target> all;
  const Visitor visitor{
      .found = [&](Found found) { return all.push_back(std::move(found.target)), !session.stopped(); },
      .failed = [&](const std::string& text, const Error& error) { session.fail(text, error); }};
  ORLOP_TRY(walk(session, operand, {.globs = globs}, visitor));
  return all;
}

bool has_glob(std::string_view name) noexcept {
  return name.find_first_of("*?[", last_part(name)) != std::string_view::npos;
}

bool glob_matches(const std::string& pattern, const std::string& text) {
  static const bool utf8 = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;  // so that ? is one character
  static_cast<void>(utf8);
  return ::fnmatch(pattern.c_str(), text.c_str(), FNM_PATHNAME) == 0;
}

Result<Place> place_of(Session& session, const Target& target) {
  if (target.is_remote()) {
    ORLOP_ASSIGN(Storage storage, session.open(target));
    return Place{std::move(storage), target.key};
  }
  // The file driver keeps to its root; a link that leads elsewhere is followed here, as cp does.
  std::unique_ptr<char, void (*)(void*)> resolved(::realpath(target.key.c_str(), nullptr), ::free);
  const std::string path = resolved ? resolved.get() : target.key;
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  ORLOP_ASSIGN(Storage storage, Session::open_directory(directory));
  return Place{std::move(storage), path.substr(last_part(path))};
}

}  // namespace orlop::cli
