// What the verbs share while one of them runs: settings, opened storages, the two output streams, the wish to stop.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"
#include "cli/exit_code.h"
#include "cli/global.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/target.h"
#include "orlop/storage.h"

namespace orlop::cli {

// Thread-safe.
class Session {
 public:
  Session(const Global& global, std::stop_token stop);
  ~Session();

  const Global& global() const noexcept { return global_; }
  const Context& context() const noexcept { return context_; }
  bool stopped() const noexcept { return context_.stop.stop_requested(); }
  Output& out() noexcept { return out_; }
  Console& console() noexcept { return console_; }
  // For storages opened from now on that know such a limit. 0: none.
  void limit_bandwidth(std::uint64_t bytes_per_second) { max_bandwidth_ = std::to_string(bytes_per_second); }
  bool wants_progress() const noexcept { return !global_.quiet && !global_.no_progress; }

  // The options of a remote target's container: those of the command line win over its own.
  // Errors: config_invalid for a secret on the command line.
  Result<StringMap> options_of(const Target& target) const;
  // Where a target really is, whatever it is called: equal for the same object of the same service. Does no requests.
  std::string identity(const Target& target);
  // One storage a container. Errors: config_invalid.
  Result<Storage> open(const Target& target);
  // Files below a directory, seen as a storage.
  static Result<Storage> open_directory(const std::string& path);

  // Reports in one line on standard error; returns the code to end with.
  Exit fail(std::string_view about, const Error& error);
  Exit fail(const Error& error) { return fail({}, error); }
  // Does `act` for one operand after another, reporting what fails; ends early when told to stop, or when
  // nobody reads the output any more.
  template <class Act>
  Exit each(const std::vector<std::string>& operands, Act act) {
    Exit code = Exit::ok;
    for (const std::string& operand : operands) {
      if (stopped() || out_.failure() != 0) break;
      Result<void> done = act(operand);
      if (done) continue;
      Exit failure = fail(operand, done.error());
      code = operands.size() > 1 ? Exit::failed : failure;
    }
    return code;
  }
  // A line for people; nothing with --quiet.
  void note(std::string_view line);

 private:
  class Tracer;

  const Global& global_;
  std::string max_bandwidth_;
  Context context_;
  Output out_;
  Console console_;
  std::shared_ptr<Tracer> tracer_;
  std::mutex mutex_;
  std::map<std::string, Storage> storages_;        // by the container's URL and name
  std::map<std::string, std::string> identities_;  // the same
};

// "photos/a.jpg: not found (HTTP 404)": one line, harmless to a terminal and without secrets.
std::string describe(std::string_view about, const Error& error, bool verbose);

}  // namespace orlop::cli
