#include "backends/local/new_file.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <vector>

#include "backends/local/metadata.h"
#include "engine/conditions.h"
#include "engine/entropy.h"
#include "engine/permissions.h"

namespace orlop::local {
namespace {

constexpr std::string_view temporary_prefix = ".orlop-new-";
constexpr std::string_view download_prefix = ".orlop-part-";  // of Storage::download
constexpr std::size_t chunk_size = 256 * 1024;
constexpr std::time_t abandoned_after = 60;  // seconds; between its creation and its lock a new file is young

std::string random_name() {
  char text[32];
  std::snprintf(text, sizeof text, "%016" PRIx64, engine::entropy());
  return std::string(temporary_prefix) + text;
}

// The clock of the kernel's own stamps stands still for milliseconds; etags need one that does not.
timespec precise_now() {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now;
}

// What is there under a name, held against others who replace or remove it through us.
class Present {
 public:
  Present() = default;
  Present(Present&&) noexcept = default;
  Present& operator=(Present&&) noexcept = default;
  ~Present() {
    if (file_) ::flock(file_.get(), LOCK_UN);  // explicitly: a forked child may hold the descriptor
  }

  // Waits until nobody else holds it. Result: without facts when there is no such file; a directory is none.
  static Result<Present> lock(const Context& context, const Fd& directory, const std::string& name) {
    for (;; static_cast<void>(context.sleep(Milliseconds(1)))) {
      if (auto error = context.expired()) return *std::move(error);
      Present present;
      present.file_ = Fd(::openat(directory.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      if (!present.file_ && errno == ENOENT) return present;
      if (!present.try_lock()) continue;
      ORLOP_TRY(present.look(directory, name));
      if (present.is_current()) return present;
    }
  }

  const std::optional<struct stat>& facts() const noexcept { return facts_; }

 private:
  // Network file systems may refuse to lock, and a file nobody may read cannot be opened for it: then what follows is
  // decided without.
  bool try_lock() const { return !file_ || ::flock(file_.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK; }

  Result<void> look(const Fd& directory, const std::string& name) {
    struct stat facts;
    if (::fstatat(directory.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0) {
      if (!S_ISDIR(facts.st_mode)) facts_ = facts;
    } else if (errno != ENOENT) {
      return system_error(errno, "look at the file");
    }
    return {};
  }

  // False: it was replaced before the lock was ours.
  bool is_current() const {
    struct stat opened;
    if (!file_ || ::fstat(file_.get(), &opened) != 0 || S_ISDIR(opened.st_mode)) return true;
    return facts_ && facts_->st_ino == opened.st_ino;
  }

  Fd file_;
  std::optional<struct stat> facts_;
};

// renameat2(2) that does not replace, or where the file system has no such rename, link(2). Result: 0 or errno.
int rename_new(const Fd& from, const std::string& from_name, const Fd& to, const std::string& to_name) {
  if (::renameat2(from.get(), from_name.c_str(), to.get(), to_name.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (::linkat(from.get(), from_name.c_str(), to.get(), to_name.c_str(), 0) != 0) return errno;
  ::unlinkat(from.get(), from_name.c_str(), 0);
  return 0;
}

int rename_over(const Fd& from, const std::string& from_name, const Fd& to, const std::string& to_name) {
  return ::renameat(from.get(), from_name.c_str(), to.get(), to_name.c_str()) == 0 ? 0 : errno;
}

bool is_directory(const Fd& directory, const std::string& name) {
  struct stat facts;
  return ::fstatat(directory.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(facts.st_mode);
}

void remove_sidecar(const Fd& directory, const struct stat& facts) {
  ::unlinkat(directory.get(), sidecar_name(facts).c_str(), 0);
}

}  // namespace

Result<NewFile> NewFile::open(const Tree& tree, std::string_view key, FileOptions options) {
  if (std::string_view why = unusable(key); !why.empty()) return Error(Code::invalid_argument, std::string(why));
  NewFile file(tree, std::string(key), options);
  constexpr int tries = 100;  // somebody may tidy the empty directory away before the file is in it
  for (int i = 1;; ++i) {
    Result<void> created = file.create();
    if (created) return file;
    if (created.error().code() != Code::not_found || i == tries) return std::move(created).error();
  }
}

Result<void> NewFile::create() {
  ORLOP_ASSIGN(directory_, tree_->make_directory(split(key_).directory));
  std::string name = random_name();
  unsigned mode = options_.file_mode ? options_.file_mode : 0666;
  file_ = Fd(::openat(directory_.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file_) return system_error(errno, "make a file");
  temporary_ = std::move(name);
  ::flock(file_.get(), LOCK_EX | LOCK_NB);
  if (!options_.file_mode) engine::keep_permissions(directory_.get(), std::string(split(key_).name), file_.get());
  if (options_.file_mode && ::fchmod(file_.get(), options_.file_mode) != 0)
    return system_error(errno, "set the permissions of the file");
  return {};
}

Result<void> NewFile::check_owner() const {
  if (getpid() == owner_) return {};
  return Error(Code::invalid_argument, "the writer belongs to the process that opened it");
}

Result<void> NewFile::write(Bytes bytes) {
  ORLOP_TRY(check_owner());
  while (!bytes.empty()) {
    ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(errno, "write the file");
    size_ += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> NewFile::write(const Context& context, const Payload& payload) {
  if (auto bytes = payload.contiguous()) return write(*bytes);
  std::vector<std::byte> chunk(static_cast<std::size_t>(std::min<std::uint64_t>(chunk_size, payload.size())));
  for (std::uint64_t done = 0; done < payload.size();) {
    if (auto error = context.expired()) return *std::move(error);
    ORLOP_ASSIGN(std::size_t count, payload.read_at(done, chunk));
    ORLOP_TRY(write(Bytes(chunk).first(count)));
    done += count;
  }
  return {};
}

Result<void> NewFile::write_all_of(const Context& context, const Fd& source) {
  constexpr std::size_t step = std::size_t{64} << 20;
  for (;;) {
    if (auto error = context.expired()) return *std::move(error);
    ssize_t count = ::copy_file_range(source.get(), nullptr, file_.get(), nullptr, step, 0);
    if (count == 0) return {};
    if (count > 0) {
      size_ += static_cast<std::uint64_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    if (size_ != 0 || (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS))
      return system_error(errno, "copy the file");
    break;
  }
  struct stat facts;
  if (::fstat(source.get(), &facts) != 0) return system_error(errno, "look at the file");
  return write(context, Payload::file(source.get(), 0, static_cast<std::uint64_t>(facts.st_size)));
}

Result<void> NewFile::finish(const Attrs& attrs) {
  timespec times[2] = {precise_now(), precise_now()};
  if (::futimens(file_.get(), times) != 0) return system_error(errno, "set the time of the file");
  ORLOP_TRY(store_attrs(directory_, file_, attrs));
  if (options_.fsync && ::fsync(file_.get()) != 0) return system_error(errno, "sync the file");
  return {};
}

Result<Meta> NewFile::publish(const Context& context, const Attrs& attrs, PutMode mode, std::string_view if_match) {
  ORLOP_TRY(check_owner());
  struct stat facts;
  Result<void> done = finish(attrs);
  if (::fstat(file_.get(), &facts) != 0) return system_error(errno, "look at the file");
  sidecar_ = sidecar_name(facts);
  if (done)
    done = move_into_place(context, directory_, temporary_, directory_, std::string(split(key_).name), mode, if_match);
  if (!done) {
    discard();
    return std::move(done).error();
  }
  temporary_.clear();
  ::flock(file_.get(), LOCK_UN);  // explicitly: a forked child may hold the descriptor
  if (options_.fsync && ::fsync(directory_.get()) != 0) return system_error(errno, "sync the directory");
  Meta meta;
  meta.size = size_;
  meta.modified = modified_of(facts);
  meta.etag = etag_of(facts);
  meta.attrs = attrs;
  return meta;
}

void NewFile::discard() noexcept {
  if (temporary_.empty() || !file_ || getpid() != owner_) return;
  ::unlinkat(directory_.get(), temporary_.c_str(), 0);
  if (!sidecar_.empty()) ::unlinkat(directory_.get(), sidecar_.c_str(), 0);
  temporary_.clear();
  tree_->tidy(split(key_).directory);
}

Result<void> move_into_place(const Context& context, const Fd& from, const std::string& from_name, const Fd& to,
                             const std::string& to_name, PutMode mode, std::string_view if_match) {
  if (auto error = context.expired()) return *std::move(error);
  Present present;
  if (mode != PutMode::create) {
    ORLOP_ASSIGN(present, Present::lock(context, to, to_name));
    std::string etag = present.facts() ? etag_of(*present.facts()) : std::string();
    ORLOP_TRY(engine::check_mode(mode, if_match, present.facts() ? &etag : nullptr));
  }
  auto rename = mode == PutMode::create ? rename_new : rename_over;
  int failed = rename(from, from_name, to, to_name);
  if (failed != 0 && is_directory(to, to_name)) {
    // An empty one is nobody's; one with objects stays.
    bool removed = ::unlinkat(to.get(), to_name.c_str(), AT_REMOVEDIR) == 0;
    failed = removed ? rename(from, from_name, to, to_name) : EISDIR;
  }
  if (failed == EEXIST) return Error(Code::already_exists, "the name is taken");
  if (failed != 0) return system_error(failed, "give the file its name");
  if (present.facts()) remove_sidecar(to, *present.facts());
  return {};
}

Result<void> remove_file(const Context& context, const Fd& directory, const std::string& name) {
  ORLOP_ASSIGN(Present present, Present::lock(context, directory, name));
  if (!present.facts()) return {};
  if (::unlinkat(directory.get(), name.c_str(), 0) != 0 && errno != ENOENT)
    return system_error(errno, "remove the file");
  remove_sidecar(directory, *present.facts());
  return {};
}

void sweep(const Fd& directory, const std::string& private_name) {
  if (!private_name.starts_with(temporary_prefix) && !private_name.starts_with(download_prefix)) return;
  Fd file(::openat(directory.get(), private_name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat facts;
  if (!file || ::fstat(file.get(), &facts) != 0 || precise_now().tv_sec - facts.st_mtim.tv_sec < abandoned_after)
    return;
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return;
  ::unlinkat(directory.get(), private_name.c_str(), 0);
  remove_sidecar(directory, facts);
}

}  // namespace orlop::local
