// orlop mb
#include <limits>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/paths.h"
#include "cli/session.h"
#include "orlop/registry.h"

namespace orlop::cli {
namespace {

class Mb : public Command {
 public:
  void declare(Options& options) override {
    options.operands("URL...", operands_, 1, std::numeric_limits<std::size_t>::max());
  }

  Exit run(Session& session) override {
    return session.each(operands_, [&](const std::string& operand) { return make(session, operand); });
  }

 private:
  static Result<void> make(Session& session, const std::string& operand) {
    ORLOP_ASSIGN(Target target, parse_target(operand));
    if (target.is_local()) return make_parents(join(target.key, "file"));
    if (!target.is_remote()) return Error(Code::config_invalid, "write a URL, as in s3://bucket");
    if (!target.key.empty()) return Error(Code::config_invalid, "write the bucket alone: prefixes need not be made");
    ORLOP_ASSIGN(StringMap options, session.options_of(target));
    return create_container(target.container->url, options, session.context());
  }

  std::vector<std::string> operands_;
};

}  // namespace

const Verb mb_verb{
    .name = "mb",
    .summary = "Make buckets; an own one that exists is fine",
    .operands = "URL...",
    .examples = "  orlop mb s3://bucket\n",
    .make = []() -> std::unique_ptr<Command> { return std::make_unique<Mb>(); },
};

}  // namespace orlop::cli
