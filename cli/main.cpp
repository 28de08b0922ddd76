// orlop: files in S3 and other storages from a shell.
#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/descriptor.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/signals.h"
#include "orlop/config.h"
#include "orlop/settings_file.h"

namespace orlop::cli {
namespace {

// What other tools call our verbs.
std::string_view verb_of_other_tools(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> table[] = {
      {"sync", "cp -r"},  {"copy", "cp"},      {"get", "cp"},       {"put", "cp"},
      {"upload", "cp"},   {"download", "cp"},  {"pipe", "cp -"},    {"move", "mv"},
      {"rename", "mv"},   {"delete", "rm"},    {"del", "rm"},       {"remove", "rm"},
      {"purge", "rm -r"}, {"list", "ls"},      {"dir", "ls"},       {"lsf", "ls"},
      {"head", "stat"},   {"info", "stat"},    {"mkdir", "mb"},     {"sign", "presign"},
      {"url", "presign"}, {"link", "presign"}, {"doctor", "check"}, {"--version", "version"},
  };
  for (const auto& [theirs, ours] : table) {
    if (theirs == name) return ours;
  }
  return {};
}

Error unknown_verb(std::string_view name) {
  std::string_view ours = verb_of_other_tools(name);
  if (ours.empty()) {
    std::vector<std::string_view> known;
    for (const Verb* verb : verbs()) known.push_back(verb->name);
    ours = nearest(name, known);
  }
  return Error(Code::config_invalid, ours.empty() ? fmt::format("there is no verb \"{}\": see `orlop help`", name)
                                                  : fmt::format("there is no verb \"{}\": write orlop {}", name, ours));
}

int usage_error(std::string_view about, const Error& error) {
  Console().message("orlop: " + describe(about, error, false));
  return static_cast<int>(Exit::usage);
}

// What only shows once everything was written.
Exit finish(Session& session, const Command& command, Exit code) {
  session.out().flush();
  if (session.stopped() && !command.ends_by_signal()) {
    session.console().message("orlop: interrupted");
    return Exit::interrupted;
  }
  if (int failure = session.out().failure(); failure == EPIPE) {
    end_by_broken_pipe();
  } else if (failure != 0) {
    return session.fail(Error(Code::unavailable, fmt::format("standard output: {}", std::strerror(failure)))),
           Exit::failed;
  }
  return code;
}

int run(std::vector<std::string> arguments) {
  Global global;
  Options leading;
  global.declare(leading);
  auto rest = leading.parse_leading(arguments);
  if (!rest) return usage_error({}, rest.error());
  if (rest->empty() && !global.help && !global.version) {
    return usage_error({}, Error(Code::config_invalid, "a verb is missing: see `orlop help`"));
  }
  if (rest->empty()) rest->push_back(global.version ? "version" : "help");
  const Verb* verb = find_verb(rest->front());
  if (!verb) return usage_error({}, unknown_verb(rest->front()));

  auto command = verb->make();
  Options options;
  command->declare(options);
  global.declare(options);
  rest->erase(rest->begin());
  auto parsed = options.parse(*rest);
  if (global.help) return print_help(*verb);
  if (!parsed) return usage_error(verb->name, parsed.error());
  if (!global.config.empty()) {
    if (auto text = read_settings_file(global.config); !text) return usage_error("--config", text.error());
    ::setenv("ORLOP_CONFIG", global.config.c_str(), 1);
  }

  std::stop_source stop;
  watch_signals(stop);
  Session session(global, stop.get_token());
  return static_cast<int>(finish(session, *command, command->run(session)));
}

}  // namespace
}  // namespace orlop::cli

int main(int argc, char** argv) {
  if (!orlop::cli::occupy_standard_descriptors()) return static_cast<int>(orlop::cli::Exit::failed);
  return orlop::cli::run({argv + 1, argv + argc});
}
