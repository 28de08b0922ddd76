// IAM Identity Center: credentials for whoever ran `aws sso login`.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html
#pragma once

#include "backends/s3/credentials.h"
#include "backends/s3/shared_config.h"

namespace orlop::s3 {

// Whether a profile is one of SSO.
bool uses_sso(const Profile& profile);
// Errors: config_invalid for a profile that says too little; unauthenticated, naming the command to run, without a
// valid token.
Result<Credentials> sso_credentials(const Context& context, const ChainOptions& options, const Profile& profile,
                                    std::string_view profile_name);

}  // namespace orlop::s3
