#include "backends/s3/shared_config.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/s3/environment.h"
#include "orlop/settings_file.h"

namespace orlop::s3 {
namespace {

std::string_view trim(std::string_view text) {
  std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::string expand_home(const std::string& path) {
  return path == "~" || path.starts_with("~/") ? environment("HOME") + path.substr(1) : path;
}

std::string path_of(const char* variable, const char* below_home) {
  std::string path = environment(variable);
  return expand_home(path.empty() ? std::string("~/.aws/") + below_home : path);
}

// The profile (or session) a section header names; empty when it names something else.
std::string_view name_in(std::string_view title, Section kind) {
  if (kind == Section::credentials || (kind == Section::config && title == "default")) return title;
  std::string_view word = kind == Section::config ? "profile" : "sso-session";
  if (!title.starts_with(word) || title.size() == word.size()) return {};
  std::string_view name = trim(title.substr(word.size()));
  if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
  return name;
}

// What is missing or cannot be read is empty, as it is for Amazon's tools. The content is never quoted: it holds
// secrets.
Result<bool> read_file(const std::string& path, Section kind, std::string_view name, Profile& profile) {
  auto text = read_settings_file(path);
  if (!text) return false;
  return read_profile(*text, path, kind, name, profile);
}

}  // namespace

std::string_view Profile::get(std::string_view name) const noexcept {
  for (const auto& [key, value] : values_) {
    if (key == name) return value;
  }
  return {};
}

Result<bool> read_profile(std::string_view text, std::string_view file_name, Section kind, std::string_view name,
                          Profile& profile) {
  bool found = false, inside = false;
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    std::size_t end = text.find('\n');
    std::string_view raw = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      std::size_t close = line.find(']');
      if (close == std::string_view::npos) {
        return Error(Code::config_invalid,
                     fmt::format("{}: line {}: a section's ] is missing", file_name, line_number));
      }
      inside = name_in(trim(line.substr(1, close - 1)), kind) == name;
      found |= inside;
      continue;
    }
    bool nested = raw.front() == ' ' || raw.front() == '\t';  // a member of the value above ("s3 =" and below it)
    if (!inside || nested) continue;
    std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      return Error(Code::config_invalid, fmt::format("{}: line {}: an = is missing", file_name, line_number));
    }
    std::string key(trim(line.substr(0, equals)));
    std::ranges::transform(key, key.begin(), [](unsigned char c) { return std::tolower(c); });
    profile.add(std::move(key), std::string(trim(line.substr(equals + 1))));
  }
  return found;
}

std::string credentials_path() { return path_of("AWS_SHARED_CREDENTIALS_FILE", "credentials"); }
std::string config_path() { return path_of("AWS_CONFIG_FILE", "config"); }

std::string aws_directory() { return expand_home("~/.aws"); }

std::string default_profile() {
  std::string name = environment({"AWS_DEFAULT_PROFILE", "AWS_PROFILE"});
  return name.empty() ? "default" : name;
}

Result<Profile> load_profile(std::string name) {
  if (name.empty()) name = default_profile();
  Profile profile;
  ORLOP_ASSIGN(bool in_credentials, read_file(credentials_path(), Section::credentials, name, profile));
  profile.set_keys_come_first(!profile.get("aws_access_key_id").empty());
  ORLOP_ASSIGN(bool in_config, read_file(config_path(), Section::config, name, profile));
  if (!in_credentials && !in_config && name != "default") {
    return Error(Code::config_invalid,
                 fmt::format("profile: \"{}\" is neither in {} nor in {}", name, credentials_path(), config_path()));
  }
  return profile;
}

Result<Profile> load_sso_session(const std::string& name) {
  Profile session;
  ORLOP_ASSIGN(bool found, read_file(config_path(), Section::sso_session, name, session));
  if (found) return session;
  return Error(Code::config_invalid, fmt::format("sso_session: \"{}\" is not in {}", name, config_path()));
}

}  // namespace orlop::s3
