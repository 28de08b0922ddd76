#include "backends/local/walker.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "backends/local/metadata.h"
#include "backends/local/new_file.h"
#include "wire/utf8.h"

namespace orlop::local {
namespace {

constexpr std::size_t names_limit = 10'000;  // held of one directory
constexpr unsigned depth_limit = 2'000;      // more segments than a key can have

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using Stream = std::unique_ptr<DIR, CloseDirectory>;

Stream open_stream(const Fd& directory) {
  // A descriptor of its own: the stream closes it, and its position is not shared.
  int fd = ::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return nullptr;
  DIR* stream = ::fdopendir(fd);
  if (!stream) ::close(fd);
  return Stream(stream);
}

enum class Kind { none, file, directory };

// Links count as what they lead to, if that is within the tree.
Kind kind_of(const Tree& tree, const std::string& path, const Fd& directory, const dirent& entry) {
  if (entry.d_type == DT_REG) return Kind::file;
  if (entry.d_type == DT_DIR) return Kind::directory;
  if (entry.d_type != DT_LNK && entry.d_type != DT_UNKNOWN) return Kind::none;
  struct stat facts;
  if (::fstatat(directory.get(), entry.d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0) return Kind::none;
  if (S_ISREG(facts.st_mode)) return Kind::file;
  if (S_ISDIR(facts.st_mode)) return Kind::directory;
  if (!S_ISLNK(facts.st_mode)) return Kind::none;
  std::string target = path + entry.d_name;
  if (tree.open_file(target)) return Kind::file;
  return tree.open_directory(target) ? Kind::directory : Kind::none;
}

bool is_dots(const char* name) noexcept { return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])); }

// Whether anything that begins with `start` can be at or behind `position`.
bool reaches(std::string_view start, std::string_view position) noexcept {
  return start >= position || position.starts_with(start);
}

// The first position that a name and what is below it do not reach.
std::string behind(std::string name) {
  if (name.back() != '/') return name + '\0';
  name.back() = '/' + 1;
  return name;
}

// Keeps the smallest names.
class Smallest {
 public:
  void add(std::string name) {
    if (names_.size() == names_limit) {
      dropped_ = true;
      if (name > names_.front()) return;
      std::pop_heap(names_.begin(), names_.end());
      names_.pop_back();
    }
    names_.push_back(std::move(name));
    std::push_heap(names_.begin(), names_.end());
  }
  bool dropped() const noexcept { return dropped_; }
  std::vector<std::string> take() {
    std::sort_heap(names_.begin(), names_.end());
    return std::move(names_);
  }

 private:
  std::vector<std::string> names_;
  bool dropped_ = false;
};

}  // namespace

Result<std::optional<Entry>> Walker::next(const std::string& position) {
  if (!started_) {
    started_ = true;
    ORLOP_TRY(tree_.open_directory(""));
    std::string_view directory = split(prefix_).directory;
    if (directory.empty() || unusable(directory).empty())
      ORLOP_TRY(enter(directory.empty() ? std::string() : std::string(directory) + '/', position));
  }
  while (!stack_.empty()) {
    if (auto error = context_.expired()) return *std::move(error);
    Directory& top = stack_.back();
    if (top.at == top.names.size()) {
      if (top.complete) {
        stack_.pop_back();
      } else {
        ORLOP_TRY(fill(top, std::max(position, behind(top.path + top.names.back()))));
      }
      continue;
    }
    std::string key = top.path + top.names[top.at++];
    if (key.back() == '/' ? !reaches(key, position) : key < position) continue;
    if (!key.starts_with(prefix_) && !std::string_view(prefix_).starts_with(key)) continue;
    ORLOP_ASSIGN(std::optional<Entry> entry, visit(key, position));
    if (entry) return entry;
  }
  return std::optional<Entry>();
}

Result<std::optional<Entry>> Walker::visit(const std::string& key, const std::string& position) {
  std::optional<Entry> none;
  if (key.back() == '/') {
    bool grouped = group_directories_ && key.starts_with(prefix_) && key > prefix_;
    if (!grouped) {
      ORLOP_TRY(enter(key, position));
      return none;
    }
    ORLOP_ASSIGN(bool found, position > key ? has_object_from(key, position) : has_object(key, 0));
    if (!found) return none;
    return std::optional(Entry{.key = key, .is_prefix = true, .size = 0, .modified = {}, .etag = {}});
  }
  return entry_of(key);
}

// Nullopt: gone meanwhile, or a link that leads nowhere.
std::optional<Entry> Walker::entry_of(const std::string& key) const {
  struct stat facts;
  std::string name(split(key).name);
  if (::fstatat(stack_.back().open.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) return {};
  if (S_ISLNK(facts.st_mode)) {
    auto target = tree_.open_file(key);
    if (!target || ::fstat(target->get(), &facts) != 0) return {};
  }
  return Entry{.key = key,
               .is_prefix = false,
               .size = static_cast<std::uint64_t>(facts.st_size),
               .modified = modified_of(facts),
               .etag = etag_of(facts)};
}

Result<void> Walker::enter(std::string path, const std::string& position) {
  Directory directory;
  directory.path = std::move(path);
  ORLOP_TRY(fill(directory, position));
  if (directory.open && !is_above(directory)) stack_.push_back(std::move(directory));
  return {};
}

// A directory that is gone has no names.
Result<void> Walker::fill(Directory& directory, const std::string& position) const {
  directory.names.clear();
  directory.at = 0;
  directory.complete = true;
  std::string_view path = directory.path;
  auto opened = tree_.open_directory(path.substr(0, path.empty() ? 0 : path.size() - 1));
  if (!opened) {
    if (opened.error().code() == Code::not_found) return {};
    return std::move(opened).error();
  }
  struct stat facts;
  Stream stream = open_stream(*opened);
  if (!stream || ::fstat(opened->get(), &facts) != 0) return system_error(errno, "read the directory");
  directory.device = facts.st_dev;
  directory.inode = facts.st_ino;
  Smallest smallest;
  while (const dirent* entry = ::readdir(stream.get())) {
    std::string_view name = entry->d_name;
    if (is_dots(entry->d_name)) continue;
    if (name.starts_with(private_prefix)) {
      sweep(*opened, entry->d_name);
      continue;
    }
    std::string key = directory.path + entry->d_name + '/';
    if (!reaches(key, position) && key.substr(0, key.size() - 1) < position) continue;
    if (!key.starts_with(prefix_) && !std::string_view(prefix_).starts_with(key.substr(0, key.size() - 1))) continue;
    Kind kind = is_utf8(name) ? kind_of(tree_, directory.path, *opened, *entry) : Kind::none;
    if (kind == Kind::none) continue;
    smallest.add(std::string(name) + (kind == Kind::directory ? "/" : ""));
  }
  directory.complete = !smallest.dropped();
  directory.names = smallest.take();
  directory.open = *std::move(opened);
  return {};
}

Result<bool> Walker::has_object_from(const std::string& path, const std::string& position) const {
  Walker below(tree_, context_, path, false);
  ORLOP_ASSIGN(std::optional<Entry> entry, below.next(position));
  return entry.has_value();
}

Result<bool> Walker::has_object(const std::string& path, unsigned depth) const {
  if (auto error = context_.expired()) return *std::move(error);
  auto opened = tree_.open_directory(std::string_view(path).substr(0, path.size() - 1));
  Stream stream = opened ? open_stream(*opened) : nullptr;
  if (!stream || depth == depth_limit) return false;
  std::vector<std::string> below;
  while (const dirent* entry = ::readdir(stream.get())) {
    if (is_dots(entry->d_name) || std::string_view(entry->d_name).starts_with(private_prefix)) continue;
    Kind kind = is_utf8(entry->d_name) ? kind_of(tree_, path, *opened, *entry) : Kind::none;
    if (kind == Kind::file) return true;
    // Links to directories are not followed here: they might lead in circles.
    if (kind == Kind::directory && entry->d_type != DT_LNK) below.push_back(path + entry->d_name + '/');
  }
  for (const std::string& directory : below) {
    ORLOP_ASSIGN(bool found, has_object(directory, depth + 1));
    if (found) return true;
  }
  return false;
}

bool Walker::is_above(const Directory& directory) const noexcept {
  return std::any_of(stack_.begin(), stack_.end(), [&](const Directory& above) {
    return above.device == directory.device && above.inode == directory.inode;
  });
}

}  // namespace orlop::local
