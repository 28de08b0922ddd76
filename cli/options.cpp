#include "cli/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "orlop/config.h"

namespace orlop::cli {
namespace {

struct Row {
  std::string names;  // "-r, --recursive"
  std::string help;
};

// POSIX XBD 12.2, guideline 10.
constexpr std::string_view end_of_options = "--";

Error usage(std::string message) { return Error(Code::config_invalid, std::move(message)); }

// What other tools call our options. An empty answer would send people to the manual for one word.
std::string_view option_of_other_tools(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> table[] = {
      {"--no-sign-request", "--set anonymous=true"},
      {"--no-verify-ssl", "--set verify=false"},
      {"--ca-bundle", "--set ca_file=FILE"},
      {"--human-readable", "-H"},
      {"--dryrun", "--dry-run"},
      {"--expires-in", "--expires"},
      {"--numworkers", "--jobs"},
      {"--concurrency", "--set concurrency=N"},
      {"--no-overwrite", "--no-clobber"},
      {"--only-show-errors", "--quiet"},
      {"--content-encoding", "--gzip"},
      {"--debug", "--verbose"},
      {"--transfers", "--jobs"},
      {"--max-bandwidth", "--bwlimit"},
      {"--limit-rate", "--bwlimit"},
      {"--output", "--json"},
      {"--max-concurrent-requests", "--jobs"},
      {"--expire", "--expires"},
  };
  auto found = std::ranges::find(table, name, [](const auto& row) { return row.first; });
  return found == std::end(table) ? std::string_view{} : found->second;
}

}  // namespace

struct Options::State {
  CLI::App app;
  std::vector<Row> rows;
  std::vector<std::string> long_names;
  std::string problem;  // the first value that could not be understood
  std::string operand_names;
  std::vector<std::string>* operands = nullptr;
  std::size_t least = 0;
  std::size_t most = 0;

  void describe(std::string_view names, std::string_view value, std::string_view help) {
    std::string shown;
    for (std::string_view rest = names; !rest.empty();) {
      std::string_view name = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), name.size() + 1));
      if (name.starts_with("--")) long_names.emplace_back(name);
      shown += (shown.empty() ? (name.starts_with("--") ? "    " : "") : ", ") + std::string(name);
    }
    if (!value.empty()) shown += fmt::format(" {}", value);
    rows.push_back({std::move(shown), std::string(help)});
  }

  // An option with one value, which `take` understands or refuses with an error.
  template <class Take>
  void value(std::string_view names, std::string_view value_name, std::string_view help, Take take) {
    describe(names, value_name, help);
    std::string shown(names.substr(names.rfind(',') + 1));
    auto handler = [this, take, shown](const std::string& word) {
      Result<void> taken = take(word);
      if (!taken && problem.empty()) problem = fmt::format("{} {}: {}", shown, word, taken.error().message());
    };
    app.add_option_function<std::string>(std::string(names), handler)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->trigger_on_parse();
  }

  Error unknown(const std::string& word) const {
    std::string name = word.substr(0, word.find('='));
    if (auto ours = option_of_other_tools(name); !ours.empty()) {
      return usage(fmt::format("there is no option {}: write {}", name, ours));
    }
    std::vector<std::string_view> candidates(long_names.begin(), long_names.end());
    std::string_view near = nearest(name, candidates);
    return usage(near.empty() ? fmt::format("there is no option {}: see `orlop help`", name)
                              : fmt::format("there is no option {}: write {}", name, near));
  }

  Result<void> run(std::span<const std::string> arguments) {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
      app.parse(std::move(reversed));
    } catch (const CLI::ArgumentMismatch& mismatch) {
      std::string text = mismatch.what();
      return usage(fmt::format("{} needs a value", text.substr(0, text.find(':'))));
    } catch (const CLI::ConversionError& error) {  // of a flag: the values of all others are texts
      std::string text = error.what();
      std::string name = text.substr(0, text.find(" = "));
      name.erase(0, name.rfind(' ') + 1);
      return usage(fmt::format("{0} takes no value: write {0}, or leave it out", name));
    } catch (const CLI::Error& error) {
      return usage(error.what());
    }
    if (!problem.empty()) return usage(problem);
    return {};
  }
};

Options::Options() : state_(std::make_unique<State>()) {
  state_->app.set_help_flag();
  state_->app.allow_extras();
}
Options::~Options() = default;

Options& Options::flag(std::string_view names, bool& out, std::string_view help) {
  state_->describe(names, {}, help);
  state_->app.add_flag(std::string(names), out);
  return *this;
}

Options& Options::text(std::string_view names, std::string& out, std::string_view value, std::string_view help) {
  state_->value(names, value, help, [&out](const std::string& word) -> Result<void> {
    out = word;
    return {};
  });
  return *this;
}

Options& Options::texts(std::string_view names, std::vector<std::string>& out, std::string_view value,
                        std::string_view help) {
  state_->value(names, value, help, [&out](const std::string& word) -> Result<void> {
    out.push_back(word);
    return {};
  });
  return *this;
}

Options& Options::pairs(std::string_view names, StringMap& out, std::string_view help) {
  state_->value(names, "NAME=VALUE", help, [&out](const std::string& word) -> Result<void> {
    std::size_t sign = word.find('=');
    if (sign == 0 || sign == std::string::npos) return usage("write NAME=VALUE");
    out.insert_or_assign(word.substr(0, sign), word.substr(sign + 1));
    return {};
  });
  return *this;
}

Options& Options::choice(std::string_view names, std::string& out, std::vector<std::string> choices,
                         std::string_view help) {
  std::string listed = fmt::format("{}", fmt::join(choices, "|"));
  state_->value(names, listed, help, [&out, choices = std::move(choices), listed](const std::string& word) {
    if (std::ranges::find(choices, word) == choices.end()) {
      return Result<void>(usage(fmt::format("write one of {}", listed)));
    }
    out = word;
    return Result<void>();
  });
  return *this;
}

namespace {
template <class T>
Result<T> understand(OptionType type, const std::string& word) {
  const OptionSpec spec{.name = "value", .type = type, .help = {}};
  const StringMap values{{"value", word}};
  T result{};
  ORLOP_TRY(OptionReader({&spec, 1}, values).read("value", result));
  return result;
}
}  // namespace

Options& Options::number(std::string_view names, std::uint64_t& out, std::uint64_t least, std::uint64_t most,
                         std::string_view help) {
  state_->value(names, "N", help, [&out, least, most](const std::string& word) -> Result<void> {
    Result<std::uint64_t> number = understand<std::uint64_t>(OptionType::integer, word);
    if (!number || *number < least || *number > most) {
      return usage(fmt::format("write a number from {} to {}", least, most));
    }
    out = *number;
    return {};
  });
  return *this;
}

Options& Options::size(std::string_view names, std::optional<std::uint64_t>& out, std::string_view help) {
  state_->value(names, "BYTES", help, [&out](const std::string& word) -> Result<void> {
    Result<std::uint64_t> number = understand<std::uint64_t>(OptionType::size, word);
    if (!number) return usage("write a number of bytes, as in 512, 64K, 10M or 2G");
    out = *number;
    return {};
  });
  return *this;
}

Options& Options::duration(std::string_view names, std::chrono::seconds& out, std::string_view help) {
  state_->value(names, "TIME", help, [&out](const std::string& word) -> Result<void> {
    // Days are for people who sign links; the engine's own settings do not know them.
    const bool days = word.ends_with('d');
    auto time = understand<std::chrono::milliseconds>(OptionType::duration,
                                                      days ? word.substr(0, word.size() - 1) + "h" : word);
    if (!time || *time > std::chrono::hours(24 * 365)) return usage("write a time, as in 90s, 30m, 12h or 7d");
    out = std::chrono::duration_cast<std::chrono::seconds>(*time * (days ? 24 : 1));
    return {};
  });
  return *this;
}

Options& Options::operands(std::string_view value, std::vector<std::string>& out, std::size_t least, std::size_t most) {
  state_->operand_names = value;
  state_->operands = &out;
  state_->least = least;
  state_->most = most;
  state_->app.add_option("operands", out);
  return *this;
}

Result<std::vector<std::string>> Options::parse_leading(std::span<const std::string> arguments) {
  state_->app.prefix_command();
  ORLOP_TRY(state_->run(arguments));
  std::vector<std::string> rest = state_->app.remaining();
  if (!rest.empty() && rest.front() == end_of_options) rest.erase(rest.begin());
  if (!rest.empty() && rest.front().starts_with('-')) return state_->unknown(rest.front());
  return rest;
}

Result<void> Options::parse(std::span<const std::string> arguments) {
  ORLOP_TRY(state_->run(arguments));
  std::vector<std::string> rest = state_->app.remaining();
  std::erase(rest, end_of_options);  // what followed is among the operands
  auto option = std::ranges::find_if(rest, [](const std::string& word) { return word.starts_with('-'); });
  if (option != rest.end()) return state_->unknown(*option);
  if (!rest.empty()) return usage(fmt::format("nothing can be done with \"{}\": this takes no operands", rest.front()));
  std::size_t given = state_->operands ? state_->operands->size() : 0;
  if (given < state_->least) return usage(fmt::format("too few operands: write {}", state_->operand_names));
  if (state_->operands && given > state_->most) {
    return usage(fmt::format("too many operands: write {}", state_->operand_names));
  }
  return {};
}

std::string Options::help() const {
  std::size_t width = 0;
  for (const Row& row : state_->rows) width = std::max(width, std::min<std::size_t>(row.names.size(), 30));
  std::string text;
  for (const Row& row : state_->rows) {
    if (row.names.size() <= width) {
      text += fmt::format("  {:<{}}  {}\n", row.names, width, row.help);
    } else {
      text += fmt::format("  {}\n  {:<{}}  {}\n", row.names, "", width, row.help);
    }
  }
  return text;
}

}  // namespace orlop::cli
