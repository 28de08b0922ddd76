#include "cli/help.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/global.h"
#include "cli/options.h"

namespace orlop::cli {

std::string overview() {
  std::string text =
      "orlop: files in S3 and other storages\n\n"
      "  orlop VERB [OPTION]... OPERAND...\n\n"
      "An operand is a local path, - (standard input or output), a URL (s3://bucket/key) or a named remote\n"
      "(photos:2024/a.jpg).\n\nVerbs:\n";
  for (const Verb* verb : verbs()) text += fmt::format("  {:<8} {}\n", verb->name, verb->summary);
  return text + "\n`orlop help VERB` tells the rest.\n";
}

std::string help_of(const Verb& verb) {
  Options own;
  verb.make()->declare(own);
  Options shared;
  Global global;
  global.declare(shared);
  std::string text =
      fmt::format("orlop {}: {}\n\n  orlop {} [OPTION]... {}\n", verb.name, verb.summary, verb.name, verb.operands);
  if (std::string table = own.help(); !table.empty()) text += fmt::format("\nOptions:\n{}", table);
  text += fmt::format("\nOptions of every verb:\n{}", shared.help());
  if (!verb.examples.empty()) text += fmt::format("\nExamples:\n{}", verb.examples);
  return text;
}

int print_help(const Verb& verb) {
  std::string text = verb.name == "help" ? overview() : help_of(verb);
  return std::fputs(text.c_str(), stdout) == EOF ? 1 : 0;
}

}  // namespace orlop::cli
