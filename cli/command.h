// A verb of the command line: what it is called, which options it has, what it does.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "cli/exit_code.h"

namespace orlop::cli {

class Options;
class Session;

class Command {
 public:
  virtual ~Command() = default;
  virtual void declare(Options& options) = 0;
  // Called once, after the options declared were filled in. What went wrong was reported through the session.
  virtual Exit run(Session& session) = 0;
  // True for what runs until it is told to end: SIGINT and SIGTERM are no failure then.
  virtual bool ends_by_signal() const noexcept { return false; }
};

struct Verb {
  std::string_view name;
  std::string_view summary;   // one line
  std::string_view operands;  // "SOURCE... DESTINATION"
  std::string_view examples;  // lines of a shell
  std::unique_ptr<Command> (*make)();
};

std::span<const Verb* const> verbs() noexcept;
// Null for an unknown name.
const Verb* find_verb(std::string_view name) noexcept;

extern const Verb ls_verb, stat_verb, cat_verb, cp_verb, mv_verb, rm_verb, presign_verb, mb_verb, check_verb,
    version_verb, help_verb;
#ifdef ORLOP_HAS_SERVER
extern const Verb serve_verb;
#endif

}  // namespace orlop::cli
