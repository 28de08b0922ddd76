// The files ~/.aws/credentials and ~/.aws/config, as Amazon's tools write and read them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orlop/result.h"

namespace orlop::s3 {

// One profile: what both files say of it, the credentials file first.
class Profile {
 public:
  void add(std::string name, std::string value) { values_.emplace_back(std::move(name), std::move(value)); }
  std::string_view get(std::string_view name) const noexcept;  // empty when absent
  // Whether its keys stand in the credentials file: those come before a command of the config file.
  bool keys_come_first() const noexcept { return keys_come_first_; }
  void set_keys_come_first(bool first) noexcept { keys_come_first_ = first; }

 private:
  std::vector<std::pair<std::string, std::string>> values_;
  bool keys_come_first_ = false;
};

// Reads the sections of `text` that are profile `name` into `profile`; false when there is none. In the config file
// every profile but [default] is called "profile NAME". Errors: config_invalid with the line.
enum class Section : std::uint8_t { credentials, config, sso_session };
Result<bool> read_profile(std::string_view text, std::string_view file_name, Section kind, std::string_view name,
                          Profile& profile);

// Where the two files are: AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE, else below ~/.aws.
std::string credentials_path();
std::string config_path();
// ~/.aws
std::string aws_directory();
// AWS_PROFILE, else "default".
std::string default_profile();

// Both files. An absent profile is an empty one if it is the default, else config_invalid. `name` empty: the default.
Result<Profile> load_profile(std::string name);
// [sso-session NAME] of the config file. Errors: config_invalid when there is none.
Result<Profile> load_sso_session(const std::string& name);

}  // namespace orlop::s3
