// orlop version
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/session.h"
#include "orlop/registry.h"

namespace orlop::cli {
namespace {

class Version : public Command {
 public:
  void declare(Options&) override {}

  Exit run(Session& session) override {
    if (!session.global().json) {
      session.out().line("orlop " ORLOP_VERSION);
      return Exit::ok;
    }
    StringMap backends_by_scheme;
    for (const Backend* backend : backends()) backends_by_scheme.emplace(backend->scheme, backend->summary);
    JsonLine line;
    session.out().line(line.add("version", ORLOP_VERSION).add("backends", backends_by_scheme).text());
    return Exit::ok;
  }
};

}  // namespace

const Verb version_verb{
    .name = "version",
    .summary = "Show the version",
    .operands = "",
    .examples = "",
    .make = []() -> std::unique_ptr<Command> { return std::make_unique<Version>(); },
};

}  // namespace orlop::cli
