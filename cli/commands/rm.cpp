// orlop rm
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <limits>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/paths.h"
#include "cli/session.h"
#include "cli/walk.h"
#include "cli/work_queue.h"

namespace orlop::cli {
namespace {

class Rm : public Command {
 public:
  void declare(Options& options) override {
    options.flag("-r,--recursive", recursive_, "Everything below a prefix or directory")
        .flag("--dry-run", dry_run_, "Say what would be removed, and remove nothing")
        .number("-j,--jobs", jobs_, 1, 64, "How many batches at a time (4)")
        .flag("--no-glob", no_glob_, "Take * ? [ in operands as they are")
        .operands("URL...", operands_, 1, std::numeric_limits<std::size_t>::max());
  }

  Exit run(Session& session) override {
    std::vector<Target> targets;
    for (const std::string& operand : operands_) {
      auto target = parse_target(operand);
      if (!target) return session.fail(target.error());
      if (target->is_stream())
        return session.fail(Error(Code::config_invalid, "write what to remove: a path or a URL"));
      if (target->key.empty() && !recursive_) {
        return session.fail(operand, Error(Code::config_invalid, "names no object: -r would remove everything in it"));
      }
      targets.push_back(*std::move(target));
    }
    {
      WorkQueue queue(jobs_);
      for (const Target& target : targets) {
        if (!session.stopped())
          target.is_local() ? remove_local(session, target) : remove_remote(session, target, queue);
      }
    }
    if (failed_ == 0) return Exit::ok;
    return items_ <= 1 && failed_ == 1 ? last_failure_.load() : Exit::failed;
  }

 private:
  void remove_remote(Session& session, const Target& operand, WorkQueue& queue) {
    auto storage = session.open(operand);
    if (!storage) return fail(session, operand.text, storage.error());
    const std::uint64_t limit = std::clamp<std::uint64_t>(storage->info().limits.remove_batch, 1, 1000);
    std::vector<Target> batch;
    auto send = [&] {
      queue.add([this, &session, driver = storage->driver(), keys = std::move(batch)] {
        remove_batch(session, *driver, keys);
      });
      batch.clear();
    };
    const Visitor visitor{.found =
                              [&](Found found) {
                                ++items_;
                                if (dry_run_) return report(session, found.target.display(), false);
                                batch.push_back(std::move(found.target));
                                if (batch.size() == limit) send();
                                return !session.stopped();
                              },
                          .failed = [&](const std::string& text, const Error& error) { fail(session, text, error); }};
    auto found = walk(session, operand, {recursive_, !no_glob_}, visitor);
    if (!found) fail(session, operand.text, found.error());
    if (!batch.empty()) send();
  }

  void remove_batch(Session& session, Driver& driver, const std::vector<Target>& targets) {
    if (session.stopped()) return;
    RemoveRequest request;
    for (const Target& target : targets) request.keys.push_back(target.key);
    auto results = driver.remove(session.context(), request);
    if (!results)
      return fail(session, targets.size() == 1 ? targets.front().display() : fmt::format("{} keys", targets.size()),
                  results.error());
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const auto& failure = (*results)[i];
      if (failure)
        fail(session, targets[i].display(), *failure);
      else
        report(session, targets[i].display(), true);
    }
  }

  void remove_local(Session& session, const Target& operand) {
    auto paths = local_matches(operand, !no_glob_);
    if (!paths) return fail(session, operand.text, paths.error());
    for (const std::string& path : *paths) {
      if (session.stopped()) return;
      std::error_code ignored;
      const bool directory = is_directory(path) && !std::filesystem::is_symlink(path, ignored);
      if (!directory) {
        remove_file(session, path);
      } else if (recursive_) {
        remove_tree(session, path);
      } else {
        fail(session, path, Error(Code::invalid_argument, "is a directory: write -r to remove it with what is in it"));
      }
    }
  }

  void remove_file(Session& session, const std::string& path) {
    ++items_;
    if (!dry_run_ && ::unlink(path.c_str()) != 0) return fail(session, path, system_error({}, errno));
    report(session, path, !dry_run_);
  }

  void remove_tree(Session& session, const std::string& path) {
    ++items_;
    std::error_code failure;
    if (std::filesystem::equivalent(path, "/", failure) || std::filesystem::equivalent(path, ".", failure)) {
      return fail(session, path, Error(Code::invalid_argument, "the root and the working directory are not removed"));
    }
    if (!dry_run_) std::filesystem::remove_all(path, failure);
    if (failure) return fail(session, path, system_error({}, failure.value()));
    report(session, path, !dry_run_);
  }

  bool report(Session& session, const std::string& name, bool done) {
    Output& out = session.out();
    if (session.global().json) {
      JsonLine line;
      return out.line(line.add("action", "remove").add("name", name).add("done", done).text());
    }
    return done || out.line(fmt::format("would remove {}", out.name(name)));
  }

  void fail(Session& session, std::string_view about, const Error& error) {
    ++failed_;
    last_failure_ = session.fail(about, error);
  }

  std::vector<std::string> operands_;
  bool recursive_ = false;
  bool dry_run_ = false;
  bool no_glob_ = false;
  std::uint64_t jobs_ = 4;
  std::atomic<std::uint64_t> items_ = 0, failed_ = 0;
  std::atomic<Exit> last_failure_ = Exit::failed;
};

}  // namespace

const Verb rm_verb{
    .name = "rm",
    .summary = "Remove objects or files; what is absent already is no failure in a store",
    .operands = "URL...",
    .examples =
        "  orlop rm s3://bucket/old.txt\n"
        "  orlop rm -r --dry-run s3://bucket/tmp/\n",
    .make = []() -> std::unique_ptr<Command> { return std::make_unique<Rm>(); },
};

}  // namespace orlop::cli
