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

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

// Reads the sections of `text` that are profile `name` into `profile`; false when there is none. In the config file
// every section but [default] is called "profile NAME". Errors: config_invalid with the line.
Result<bool> read_profile(std::string_view text, std::string_view file_name, bool config_file, std::string_view name,
                          Profile& profile);

// Where the two files are: AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE, else below ~/.aws.
std::string credentials_path();
std::string config_path();
// AWS_PROFILE, else "default".
std::string default_profile();

// Both files. An absent profile is an empty one if it is the default, else config_invalid. `name` empty: the default.
Result<Profile> load_profile(std::string name);

}  // namespace orlop::s3
