// orlop cat
#include <limits>
#include <optional>
#include <vector>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/transfer.h"

namespace orlop::cli {
namespace {

class Cat : public Command {
 public:
  void declare(Options& options) override {
    options.size("--offset", offset_, "Begin at this byte")
        .size("--length", length_, "At most so many bytes")
        .size("--last", last_, "The last so many bytes")
        .flag("--no-glob", no_glob_, "Take * ? [ in operands as they are")
        .operands("URL...", operands_, 1, std::numeric_limits<std::size_t>::max());
  }

  Exit run(Session& session) override {
    if (last_ && (offset_ || length_)) {
      return session.fail(Error(Code::config_invalid, "--last goes without --offset and --length"));
    }
    Progress progress(session.console(), false);
    for (const std::string& operand : operands_) {
      // What follows something missing would look complete and be wrong: the first failure ends it.
      auto poured = pour_all(session, operand, progress);
      if (!poured) {
        session.out().flush();
        return session.fail(operand, poured.error());
      }
    }
    return Exit::ok;
  }

 private:
  Range range() const {
    if (last_) return Range::suffix(*last_);
    return length_ ? Range::bounded(offset_.value_or(0), *length_) : Range::from(offset_.value_or(0));
  }

  Result<void> pour_all(Session& session, const std::string& operand, Progress& progress) const {
    ORLOP_ASSIGN(Target target, parse_target(operand));
    if (target.is_stream()) return Error(Code::config_invalid, "write a path or a URL");
    ORLOP_ASSIGN(std::vector<Target> found, matches(session, target, !no_glob_));
    for (const Target& one : found) {
      ORLOP_ASSIGN(Place place, place_of(session, one));
      ORLOP_ASSIGN(auto reader, place.storage.driver()->read(session.context(), {.key = place.key, .range = range()}));
      ORLOP_TRY(pour(session, *reader, progress));
    }
    return {};
  }

  std::vector<std::string> operands_;
  bool no_glob_ = false;
  std::optional<std::uint64_t> offset_, length_, last_;
};

}  // namespace

const Verb cat_verb{
    .name = "cat",
    .summary = "Write objects to standard output",
    .operands = "URL...",
    .examples =
        "  orlop cat s3://bucket/log.txt | grep error\n"
        "  orlop cat --offset 1M --length 64K s3://bucket/disk.img > piece\n",
    .make = []() -> std::unique_ptr<Command> { return std::make_unique<Cat>(); },
};

}  // namespace orlop::cli
