// orlop help
#include "cli/help.h"

#include <fmt/format.h>

#include "cli/options.h"
#include "cli/session.h"

namespace orlop::cli {
namespace {

class Help : public Command {
 public:
  void declare(Options& options) override { options.operands("[VERB]", operands_, 0, 1); }

  Exit run(Session& session) override {
    if (operands_.empty()) return session.out().write(overview()), Exit::ok;
    const Verb* verb = find_verb(operands_.front());
    if (!verb) {
      return session.fail(
          Error(Code::config_invalid, fmt::format("there is no verb \"{}\": see `orlop help`", operands_.front())));
    }
    return session.out().write(help_of(*verb)), Exit::ok;
  }

 private:
  std::vector<std::string> operands_;
};

}  // namespace

const Verb help_verb{
    .name = "help",
    .summary = "Explain a verb",
    .operands = "[VERB]",
    .examples = "",
    .make = []() -> std::unique_ptr<Command> { return std::make_unique<Help>(); },
};

}  // namespace orlop::cli
