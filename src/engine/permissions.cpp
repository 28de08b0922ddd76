#include "engine/permissions.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace orlop::engine {

void keep_permissions(int directory, const std::string& name, int replacement) noexcept {
  struct stat present {};
  struct stat made {};
  if (::fstatat(directory, name.c_str(), &present, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(present.st_mode)) return;
  if (::fstat(replacement, &made) != 0) return;
  const bool others = present.st_uid != made.st_uid || present.st_gid != made.st_gid;
  // Where the owner cannot be kept its group, which is then another, gets no more than everybody.
  const bool given = !others || ::fchown(replacement, present.st_uid, present.st_gid) == 0;
  const mode_t mode = present.st_mode & 0777;
  static_cast<void>(::fchmod(replacement, given ? mode : mode & (0707 | (mode & 07) << 3)));
}

}  // namespace orlop::engine
