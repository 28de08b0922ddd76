// The places credentials come from. Order and rules are those of botocore 1.43 (botocore/credentials.py) and of
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/s3/credentials.h"

namespace orlop::s3 {

// AWS_ACCESS_KEY_ID and its like.
std::unique_ptr<CredentialSource> environment_source();
// AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, as Kubernetes sets them (IRSA).
std::unique_ptr<CredentialSource> web_identity_source(const ChainOptions& options);
// A profile of the shared files: keys, a role, web identity, SSO or a command. `only_roles`: the part of it that comes
// before web identity from the environment.
std::unique_ptr<CredentialSource> profile_source(const ChainOptions& options, bool only_roles = false);
// The endpoint a container was told of (ECS, EKS Pod Identity). `task_endpoint`: what relative addresses belong to.
std::unique_ptr<CredentialSource> container_source(std::string task_endpoint = "http://169.254.170.2");
// The metadata service of an EC2 instance, version 2 only.
std::unique_ptr<CredentialSource> instance_source(const ChainOptions& options);

CredentialSources default_sources(const ChainOptions& options);
// The variables default_sources() obeys.
std::vector<const char*> environment_of_chain(const ChainOptions& options);

}  // namespace orlop::s3
