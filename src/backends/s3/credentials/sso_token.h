// The token `aws sso login` left for a session of IAM Identity Center, renewed while its registration lasts.
// File and rules are those of botocore 1.44 (botocore/tokens.py, SSOTokenLoader of botocore/utils.py).
#pragma once

#include <string>

#include "backends/s3/credentials.h"

namespace orlop::s3 {

struct SsoLogin {
  std::string session;    // empty: a profile without [sso-session], whose tokens cannot be renewed
  std::string start_url;  // names the file of such a profile
  std::string region;
  std::string profile;  // for the command to run
};

// Errors: unauthenticated, naming the command to run, without a token that is valid or can be renewed; unavailable
// when that could not be asked.
Result<std::string> sso_token(const Context& context, const ChainOptions& options, const SsoLogin& login);

// What only a new login mends.
Error log_in_again(std::string_view why, const SsoLogin& login);

// "https://portal.sso.eu-west-1.amazonaws.com", or what the variable names instead.
Result<std::string> sso_service(std::string_view name, const std::string& region, const char* variable);

}  // namespace orlop::s3
