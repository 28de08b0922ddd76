#include "cli/copying.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "cli/options.h"
#include "cli/paths.h"

namespace orlop::cli {
namespace {

// Nothing of it outlives the command, and nothing was there before.
Result<void> check_outlives(const Target& target) {
  if (!target.is_remote() || !target.container->url.starts_with("mem:")) return {};
  return Error(Code::config_invalid, "memory ends with this command: write a path, or the URL of a store");
}

std::string with_slash(const std::string& path) { return path.empty() || path.ends_with('/') ? path : path + "/"; }

// Whether what is written would be found as part of the source, and so on without end.
bool leads_into_itself(Session& session, const Target& source, const Target& destination, const WalkOptions& options) {
  if (destination.is_stream()) return false;
  const bool glob = is_glob(source, options.globs);
  const std::size_t part = source.key.rfind('/') + 1;
  const std::string directory = glob ? source.key.substr(0, part) : source.key;
  Target origin = source.with_key(source.is_local() && directory.empty() ? "." : directory);
  const std::string whole = with_slash(session.identity(origin));
  std::string below = with_slash(session.identity(destination));
  if (options.keep_name && !glob) below = with_slash(below + std::string(last_segment(source.key)));
  if (below == whole || !below.starts_with(whole)) return false;
  if (!glob) return true;
  const std::string first = below.substr(whole.size());
  return glob_matches(source.key.substr(part), first.substr(0, first.find('/')));
}

}  // namespace

void Copying::declare(Options& options) {
  options.flag("-r,--recursive", recursive_, "Everything below a directory or prefix")
      .flag("-n,--no-clobber", no_clobber_, "Never replace what is there; the store decides, without a race")
      .flag("--dry-run", dry_run_, "Say what would be done, and do nothing")
      .number("-j,--jobs", jobs_, 1, 256, "How many files at a time (16)")
      .size("--bwlimit", bandwidth_, "The most bytes a second to and from each service, all files together: 512K, 10M")
      .flag("--no-glob", no_glob_, "Take * ? [ in operands as they are")
      .text("--content-type", content_type_, "TYPE", "Instead of the one the name suggests")
      .text("--content-disposition", content_disposition_, "TEXT", "What browsers shall do with it")
      .text("--cache-control", cache_control_, "TEXT", "How long it may be cached")
      .pairs("--metadata", metadata_, "Metadata of your own (repeatable)")
      .text("--acl", acl_, "NAME", "A canned ACL: private, public-read, ...")
      .text("--storage-class", storage_class_, "NAME", "STANDARD_IA, GLACIER, ...")
      .flag("--gzip", gzip_, "Compress text-like files on the way up (Content-Encoding: gzip)")
      .operands("SOURCE... DESTINATION", operands_, 2, std::numeric_limits<std::size_t>::max());
}

TransferOptions Copying::transfer_options() const {
  TransferOptions options;
  options.no_clobber = no_clobber_;
  options.remove_source = move_;
  options.gzip = gzip_;
  options.attrs.content_type = content_type_;
  options.attrs.content_disposition = content_disposition_;
  options.attrs.cache_control = cache_control_;
  options.attrs.user = metadata_;
  if (!acl_.empty()) options.attrs.provider["ACL"] = acl_;
  if (!storage_class_.empty()) options.attrs.provider["StorageClass"] = storage_class_;
  return options;
}

// One run of the command over all its sources.
class Copying::Job {
 public:
  Job(const Copying& command, Session& session, Destination destination)
      : command_(command),
        session_(session),
        destination_(std::move(destination)),
        progress_(session.console(), session.wants_progress() && !command.dry_run_ && !destination_.target.is_stream()),
        transfer_(session, command.transfer_options(), progress_),
        queue_(command.jobs_) {}

  Exit run(const std::vector<Target>& sources) {
    const WalkOptions options{command_.recursive_, !command_.no_glob_, sources.size() > 1, command_.move_};
    several_ = sources.size() > 1 ||
               (options.globs && std::ranges::any_of(sources, [](const Target& s) { return is_glob(s, true); }));
    for (const Target& source : sources) {
      if (session_.stopped()) break;
      take(source, options);
    }
    progress_.expected_all();
    queue_.wait();
    return exit_code();
  }

 private:
  void take(const Target& source, const WalkOptions& options) {
    if (source.is_stream()) return accept({source, {}, std::nullopt});
    if (options.recursive && leads_into_itself(session_, source, destination_.target, options)) {
      return fail(source.text,
                  Error(Code::invalid_argument, "the destination is below the source: it would never end"));
    }
    const Visitor visitor{.found =
                              [&](Found found) {
                                accept(std::move(found));
                                return !session_.stopped();
                              },
                          .failed =
                              [&](const std::string& text, const Error& error) {
                                ++items_;
                                fail(text, error);
                              }};
    auto found = walk(session_, source, options, visitor);
    if (!found) fail(source.text, found.error());
  }

  void accept(Found found) {
    ++items_;
    auto to = command_.place_below(destination_, found.relative);
    if (!to) return fail(found.target.display(), to.error());
    if (several_ && !taken_.insert(to->key).second) {
      return fail(fmt::format("{} to {}", found.target.display(), to->display()),
                  Error(Code::already_exists, "another source has just been written there: copy it to another name"));
    }
    if (command_.dry_run_) return report("would", found.target, *to, found.size.value_or(0));
    progress_.expect(1, found.size.value_or(0));
    // By itself, and perhaps from a pipe: then in this thread, whose reading and writing Ctrl-C interrupts.
    if (!found.size) return copy(found.target, *to);
    queue_.add([this, from = std::move(found.target), target = *std::move(to), size = *found.size] {
      const bool directory = target.is_local() && from.is_remote() && (from.key.empty() || from.key.ends_with('/'));
      directory ? make_directory(from, target, size) : copy(from, target);
    });
  }

  void copy(const Target& from, const Target& to) {
    if (session_.stopped()) return;
    auto done = transfer_.run(from, to);
    progress_.add_file();
    if (done) return report("did", from, to, *done);
    const bool taken = command_.no_clobber_ && done.error().code() == Code::already_exists;
    if (taken && command_.recursive_) return;
    if (taken) {
      return fail(to.display(), Error(Code::already_exists, "is there already; leave out -n to replace it"));
    }
    Error error = std::move(done).error();
    if (from.is_remote() && from.key.ends_with('/') && error.code() == Code::not_found) {
      error.set_message("there is no such object: write -r to take what is below it");
    }
    if (command_.no_clobber_ && error.code() == Code::unsupported) {
      error.set_message(fmt::format("{}; where the service can, name its dialect (--set dialect=NAME), or leave out -n",
                                    error.message()));
    }
    fail(fmt::format("{} to {}", from.display(), to.display()), error);
  }

  // A key that ends in a slash is how consoles of object stores show an empty directory.
  void make_directory(const Target& from, const Target& to, std::uint64_t size) {
    if (session_.stopped()) return;
    auto made = size == 0 ? make_parents(join(to.key, "file"))
                          : Error(Code::invalid_argument,
                                  "a file cannot have a slash at the end: copy it by itself to a name of your choice");
    if (made && command_.move_) made = transfer_.remove_source(from);
    progress_.add_file();
    if (!made) return fail(from.display(), made.error());
    report("did", from, to, 0);
  }

  void report(std::string_view what, const Target& from, const Target& to, std::uint64_t size) {
    if (to.is_stream()) return;
    const bool planned = what == "would";
    const std::string_view verb = command_.move_ ? "move" : "copy";
    if (session_.global().json) {
      JsonLine line;
      line.add("action", verb)
          .add("from", from.display())
          .add("to", to.display())
          .add("size", size)
          .add("done", !planned);
      session_.out().line(line.text());
    } else if (planned) {
      Output& out = session_.out();
      out.line(fmt::format("would {} {} to {}", verb, out.name(from.display()), out.name(to.display())));
    }
  }

  void fail(std::string_view about, const Error& error) {
    ++failed_;
    last_failure_ = session_.fail(about, error);
  }

  Exit exit_code() const {
    if (failed_ == 0) return Exit::ok;
    return items_ <= 1 && failed_ == 1 ? last_failure_.load() : Exit::failed;
  }

  const Copying& command_;
  Session& session_;
  const Destination destination_;
  Progress progress_;
  Transfer transfer_;
  bool several_ = false;                   // sources: two may have one name
  std::unordered_set<std::string> taken_;  // destinations, if there are several sources
  std::atomic<std::uint64_t> items_ = 0, failed_ = 0;
  std::atomic<Exit> last_failure_ = Exit::failed;
  WorkQueue queue_;  // last: its threads use the others
};

Exit Copying::run(Session& session) {
  if (bandwidth_) session.limit_bandwidth(*bandwidth_);
  std::vector<Target> sources;
  for (std::size_t i = 0; i + 1 < operands_.size(); ++i) {
    auto source = parse_target(operands_[i]);
    if (!source) return session.fail(source.error());
    if (auto kept = check_outlives(*source); !kept) return session.fail(operands_[i], kept.error());
    if (source->is_stream() && (move_ || operands_.size() > 2)) {
      return session.fail(Error(Code::config_invalid, "standard input can only be copied, and by itself"));
    }
    sources.push_back(*std::move(source));
  }
  auto to = destination(session, sources.front());
  if (!to) return session.fail(operands_.back(), to.error());
  if (to->directory && sources.front().is_stream()) {
    return session.fail(operands_.back(),
                        Error(Code::config_invalid, "write the name standard input is to have there"));
  }
  return Job(*this, session, *std::move(to)).run(sources);
}

Result<Copying::Destination> Copying::destination(Session& session, const Target& first) const {
  ORLOP_ASSIGN(Target to, parse_target(operands_.back()));
  ORLOP_TRY(check_outlives(to));
  const bool several = recursive_ || operands_.size() > 2 || is_glob(first, !no_glob_);
  if (to.is_stream()) {
    if (several || move_)
      return Error(Code::config_invalid, "only one object can go to standard output: use orlop cat");
    return Destination{std::move(to), false};
  }
  if (to.is_remote()) {
    ORLOP_TRY(session.open(to));
    return Destination{to, several || to.key.empty() || to.key.ends_with('/')};
  }
  return Destination{to, several || to.key.ends_with('/') || is_directory(to.key)};
}

Result<Target> Copying::place_below(const Destination& destination, const std::string& name) const {
  const Target& to = destination.target;
  if (!destination.directory) return to;
  if (to.is_local()) {
    if (name.empty()) return to;  // the directory itself
    ORLOP_ASSIGN(std::string path, relative_path(name));
    return to.with_key(join(to.key, path));
  }
  return to.with_key(to.key.empty() ? name : join(to.key, name));
}

}  // namespace orlop::cli
