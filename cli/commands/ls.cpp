// orlop ls
#include <fmt/format.h>

#include <limits>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/paths.h"
#include "cli/session.h"
#include "cli/walk.h"
#include "orlop/registry.h"

namespace orlop::cli {
namespace {

class Ls : public Command {
 public:
  void declare(Options& options) override {
    options.flag("-r,--recursive", recursive_, "Everything below, not one level")
        .flag("-H,--human", human_, "Sizes as 1.5M")
        .flag("-l,--long", long_, "ETags as well")
        .flag("--no-glob", no_glob_, "Take * ? [ in operands as they are")
        .operands("URL...", operands_, 1, std::numeric_limits<std::size_t>::max());
  }

  Exit run(Session& session) override {
    return session.each(operands_, [&](const std::string& operand) { return list(session, operand); });
  }

 private:
  Result<void> list(Session& session, const std::string& operand) {
    if (auto service = parse_service(operand)) return list_buckets(session, *service);
    ORLOP_ASSIGN(Target target, parse_target(operand));
    if (target.is_stream()) return Error(Code::config_invalid, "write a path or a URL");
    if (!target.is_local()) {
      ORLOP_ASSIGN(Storage storage, session.open(target));
      return list_keys(session, storage, target.key, {});
    }
    if (is_glob(target, !no_glob_)) {
      const std::size_t part = target.key.rfind('/') + 1;
      ORLOP_ASSIGN(Storage storage, Session::open_directory(target.key.substr(0, part)));
      return list_keys(session, storage, target.key.substr(part), target.key.substr(0, part));
    }
    if (!is_directory(target.key)) return list_file(session, target);
    ORLOP_ASSIGN(Storage storage, Session::open_directory(target.key));
    return list_keys(session, storage, {}, target.key == "." ? std::string() : join(target.key, ""));
  }

  static Result<void> list_buckets(Session& session, const Target& service) {
    ORLOP_ASSIGN(StringMap options, session.options_of(service));
    ORLOP_ASSIGN(auto buckets, list_containers(service.container->url, options, session.context()));
    for (const Container& bucket : buckets) {
      if (session.global().json) {
        JsonLine line;
        line.add("bucket", bucket.name);
        if (bucket.created) line.add("created", iso_time(bucket.created));
        session.out().line(line.text());
      } else {
        session.out().line(
            fmt::format("{:>20}  {:>12}  {}", iso_time(bucket.created), "BUCKET", session.out().name(bucket.name)));
      }
    }
    return {};
  }

  // What a key is listed by is what its operand would be without the bucket, so that it can be pasted.
  Result<void> list_keys(Session& session, const Storage& storage, const std::string& key,
                         const std::string& shown_before) {
    const std::size_t part = key.rfind('/') + 1;
    const bool glob = !no_glob_ && has_glob(key);
    const std::string prefix = glob ? key.substr(0, key.find_first_of("*?[\\", part)) : key;
    Lister lister = storage.list(prefix, recursive_ ? "" : "/", session.context());
    for (;;) {
      ORLOP_ASSIGN(const Entry* entry, lister.next());
      if (!entry || session.stopped()) return {};
      if (glob && !matches(key.substr(part), entry->key.substr(part))) continue;
      if (!print(session, *entry, shown_before)) return {};
    }
  }

  // With --recursive the pattern is about the first part behind the prefix.
  static bool matches(const std::string& pattern, std::string_view name) {
    return glob_matches(pattern, std::string(name.substr(0, name.find('/'))));
  }

  Result<void> list_file(Session& session, const Target& target) {
    ORLOP_ASSIGN(Place place, place_of(session, target));
    ORLOP_ASSIGN(Meta meta, place.storage.stat(place.key, session.context()));
    print(session, {.key = target.key, .size = meta.size, .modified = meta.modified, .etag = meta.etag}, {});
    return {};
  }

  bool print(Session& session, const Entry& entry, const std::string& shown_before) {
    Output& out = session.out();
    const std::string key = shown_before + entry.key;
    if (session.global().json) {
      JsonLine line;
      line.add("key", key);
      if (entry.is_prefix) return line.add("prefix", true), out.line(line.text());
      line.add("size", entry.size);
      if (entry.modified) line.add("modified", iso_time(entry.modified));
      return line.add_known("etag", entry.etag), out.line(line.text());
    }
    if (entry.is_prefix)
      return out.line(fmt::format("{:>20}  {:>12}  {}{}", "-", "DIR", etag_column("-"), out.name(key)));
    const std::string size = human_ ? human_size(entry.size) : fmt::format("{}", entry.size);
    return out.line(
        fmt::format("{:>20}  {:>12}  {}{}", iso_time(entry.modified), size, etag_column(entry.etag), out.name(key)));
  }

  std::string etag_column(std::string_view etag) const { return long_ ? fmt::format("{:<34}  ", etag) : std::string(); }

  std::vector<std::string> operands_;
  bool recursive_ = false;
  bool human_ = false;
  bool long_ = false;
  bool no_glob_ = false;
};

}  // namespace

const Verb ls_verb{
    .name = "ls",
    .summary = "List objects and prefixes, the files of a directory, or with s3:// the buckets",
    .operands = "URL...",
    .examples =
        "  orlop ls s3://\n"
        "  orlop ls s3://bucket/2024/\n"
        "  orlop ls -r --json s3://bucket | jq -s 'map(.size) | add'\n",
    .make = []() -> std::unique_ptr<Command> { return std::make_unique<Ls>(); },
};

}  // namespace orlop::cli
