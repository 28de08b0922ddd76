#include "cli/command.h"

#include <algorithm>
#include <array>

namespace orlop::cli {

std::span<const Verb* const> verbs() noexcept {
  static constexpr auto all = std::to_array<const Verb*>({
      &ls_verb,
      &stat_verb,
      &cat_verb,
      &cp_verb,
      &mv_verb,
      &rm_verb,
      &presign_verb,
      &mb_verb,
#ifdef ORLOP_HAS_SERVER
      &serve_verb,
#endif
      &check_verb,
      &version_verb,
      &help_verb,
  });
  return all;
}

const Verb* find_verb(std::string_view name) noexcept {
  auto found = std::ranges::find(verbs(), name, [](const Verb* verb) { return verb->name; });
  return found == verbs().end() ? nullptr : *found;
}

}  // namespace orlop::cli
