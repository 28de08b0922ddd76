// The security token service: temporary credentials for a role.
// https://docs.aws.amazon.com/STS/latest/APIReference/
#pragma once

#include <optional>
#include <string>

#include "backends/s3/credentials.h"

namespace orlop::s3 {

struct RoleRequest {
  std::string role_arn{};
  std::string session_name{};             // empty: one is made up
  std::string external_id{};              // of AssumeRole
  std::optional<int> duration_seconds{};  // empty: the service's (an hour)
  std::string token{};                    // of AssumeRoleWithWebIdentity
};

// `region`: whose service; empty: the worldwide one.
Result<Credentials> assume_role(const Context& context, const ChainOptions& options, std::string_view region,
                                const RoleRequest& request, const Credentials& signer);
Result<Credentials> assume_role_with_web_identity(const Context& context, const ChainOptions& options,
                                                  std::string_view region, const RoleRequest& request);

}  // namespace orlop::s3
