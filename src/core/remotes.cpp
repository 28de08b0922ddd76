// The file of named remotes.
#include <fmt/core.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// It asserts what a file need not hold ("[=" for one), and reports the same as an error right after.
#define TOML_ASSERT(condition) static_assert(true)
#include <toml++/toml.h>

#include "orlop/config.h"

namespace orlop {

namespace {

Error invalid(std::string_view file, const toml::source_region& source, std::string_view message) {
  return Error(Code::config_invalid, fmt::format("{}, line {}: {}", file, source.begin.line, message));
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// XDG Base Directory Specification: a relative $XDG_CONFIG_HOME is ignored.
std::string default_path() {
  if (std::string base = environment("XDG_CONFIG_HOME"); base.starts_with('/')) return base + "/orlop/config.toml";
  std::string home = environment("HOME");
  return home.empty() ? home : home + "/.config/orlop/config.toml";
}

std::optional<std::string> option_text(const toml::node& node) {
  if (auto text = node.as_string()) return text->get();
  if (auto number = node.as_integer()) return std::to_string(number->get());
  if (auto flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return std::nullopt;
}

Result<Remote> parse_remote(std::string_view file, std::string_view name, const toml::node& node) {
  const toml::table* table = node.as_table();
  if (!table) return invalid(file, node.source(), fmt::format("write a remote as a table: [remotes.{}]", name));
  Remote remote{std::string(name), {}, {}};
  for (const auto& [key, value] : *table) {
    auto text = option_text(value);
    if (!text) {
      return invalid(file, value.source(), fmt::format("{} must be a string, a whole number or a boolean", key.str()));
    }
    if (key == "url") {
      remote.url = *std::move(text);
    } else {
      remote.options.emplace(key.str(), *std::move(text));
    }
  }
  if (remote.url.empty()) {
    return invalid(file, node.source(), fmt::format("the remote {} needs a url, for example \"s3://bucket\"", name));
  }
  return remote;
}

}  // namespace

Result<Remotes> Remotes::load() {
  std::string chosen = environment("ORLOP_CONFIG");
  std::string path = chosen.empty() ? default_path() : chosen;
  if (path.empty()) return Remotes{};
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT && chosen.empty()) return Remotes{};
    return Error(Code::config_invalid,
                 fmt::format("{} cannot be read: {}{}", path, std::generic_category().message(errno),
                             chosen.empty() ? "" : " (it is named by ORLOP_CONFIG)"));
  }
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return Error(Code::config_invalid, fmt::format("{} cannot be read", path));
  return parse(text, path);
}

Result<Remotes> Remotes::parse(std::string_view text, std::string_view file_name) {
  toml::parse_result parsed = toml::parse(text, file_name);
  if (!parsed) return invalid(file_name, parsed.error().source(), parsed.error().description());
  Remotes result;
  for (const auto& [key, value] : parsed.table()) {
    const toml::table* remotes = value.as_table();
    if (key != "remotes" || !remotes) {
      return invalid(file_name, value.source(),
                     fmt::format("\"{}\" is not known here; write [remotes.NAME]", key.str()));
    }
    for (const auto& [name, node] : *remotes) {
      ORLOP_ASSIGN(Remote remote, parse_remote(file_name, name.str(), node));
      result.remotes_.push_back(std::move(remote));
    }
  }
  return result;
}

const Remote* Remotes::find(std::string_view name) const noexcept {
  for (const Remote& remote : remotes_) {
    if (remote.name == name) return &remote;
  }
  return nullptr;
}

}  // namespace orlop
