// What a profile of the shared files can say of credentials, chains of roles included.
#include <fmt/core.h>

#include <algorithm>

#include "backends/s3/credentials/process.h"
#include "backends/s3/credentials/service.h"
#include "backends/s3/credentials/sources.h"
#include "backends/s3/credentials/sso.h"
#include "backends/s3/credentials/sts.h"
#include "backends/s3/environment.h"
#include "backends/s3/shared_config.h"
#include "wire/number.h"

namespace orlop::s3 {
namespace {

using Found = Result<std::optional<Credentials>>;

Error wrong(std::string_view profile, std::string_view what) {
  return Error(Code::config_invalid, fmt::format("profile \"{}\": {}", profile, what));
}

bool has_keys(const Profile& profile) {
  return !profile.get("aws_access_key_id").empty() || !profile.get("aws_secret_access_key").empty();
}

bool has_role(const Profile& profile) {
  return !profile.get("role_arn").empty() && profile.get("web_identity_token_file").empty();
}

std::string region_of(const ChainOptions& options, const Profile& profile) {
  if (!options.region.empty()) return options.region;
  std::string region = environment({"AWS_REGION", "AWS_DEFAULT_REGION"});
  return region.empty() ? std::string(profile.get("region")) : region;
}

Result<std::optional<int>> duration_of(const Profile& profile, std::string_view name) {
  std::string_view text = profile.get("duration_seconds");
  if (text.empty()) return std::optional<int>();
  auto value = wire::parse_number<int>(text);
  // AssumeRole: 900 seconds to 12 hours.
  if (!value || *value < 900 || *value > 43'200)
    return wrong(name, "duration_seconds must be a number from 900 to 43200");
  return value;
}

Result<Credentials> keys_of(const Profile& profile, std::string_view name) {
  Credentials found{std::string(profile.get("aws_access_key_id")),
                    std::string(profile.get("aws_secret_access_key")),
                    std::string(profile.get("aws_session_token")),
                    {},
                    {}};
  if (found.access_key_id.empty()) return wrong(name, "it has an aws_secret_access_key but no aws_access_key_id");
  if (found.secret_access_key.empty()) return wrong(name, "it has an aws_access_key_id but no aws_secret_access_key");
  return found;
}

Result<Credentials> web_identity(const Context& context, const ChainOptions& options, std::string_view region,
                                 const std::string& token_file, RoleRequest request) {
  // The file's content changes; it is read each time.
  ORLOP_ASSIGN(request.token, read_small_file(token_file, "web_identity_token_file"));
  return assume_role_with_web_identity(context, options, region, request);
}

Result<Credentials> from_named_source(const Context& context, const ChainOptions& options, std::string_view profile,
                                      std::string_view source_name) {
  auto same = [&](std::string_view name) {
    return std::ranges::equal(source_name, name,
                              [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
  };
  std::unique_ptr<CredentialSource> source;
  if (same("Environment")) source = environment_source();
  if (same("Ec2InstanceMetadata")) source = instance_source(options);
  if (same("EcsContainer")) source = container_source();
  if (!source) return wrong(profile, "credential_source must be Environment, Ec2InstanceMetadata or EcsContainer");
  ORLOP_ASSIGN(auto found, source->load(context));
  if (!found) {
    return Error(
        Code::unauthenticated,
        fmt::format("profile \"{}\": there are no credentials in its credential_source, {}", profile, source->name()));
  }
  return *std::move(found);
}

// One look-up: remembers the profiles it came through, so that a circle ends.
class Lookup {
 public:
  Lookup(const Context& context, const ChainOptions& options) : context_(context), options_(options) {}

  Found roles_of(const std::string& name) {
    ORLOP_ASSIGN(Profile profile, load_profile(name));
    if (!has_role(profile)) return std::nullopt;
    ORLOP_ASSIGN(Credentials found, assume(name, profile));
    return std::optional(std::move(found));
  }

  // All but the role it may have.
  Found rest_of(const std::string& name, const Profile& profile) {
    if (std::string file(profile.get("web_identity_token_file")); !file.empty()) {
      RoleRequest request{.role_arn = std::string(profile.get("role_arn")),
                          .session_name = std::string(profile.get("role_session_name"))};
      if (request.role_arn.empty()) return wrong(name, "web_identity_token_file needs a role_arn");
      return some(web_identity(context_, options_, region_of(options_, profile), file, std::move(request)));
    }
    if (uses_sso(profile)) return some(sso_credentials(context_, options_, profile, name));
    std::string command(profile.get("credential_process"));
    if (has_keys(profile) && (profile.keys_come_first() || command.empty())) return some(keys_of(profile, name));
    if (!command.empty()) return some(run_credential_process(context_, command));
    if (profile.get("login_session").empty()) return std::nullopt;
    return wrong(name, fmt::format("login_session is not read here; write credential_process = aws configure "
                                   "export-credentials --profile {} --format process into another profile",
                                   name));
  }

 private:
  static Found some(Result<Credentials> found) {
    if (!found) return std::move(found).error();
    return std::optional(*std::move(found));
  }

  Result<Credentials> assume(const std::string& name, const Profile& profile) {
    if (!profile.get("mfa_serial").empty()) {
      return wrong(name,
                   "its mfa_serial needs a one-time password, which nobody can be asked for here; use "
                   "credential_process, or the keys of aws sts get-session-token");
    }
    RoleRequest request{.role_arn = std::string(profile.get("role_arn")),
                        .session_name = std::string(profile.get("role_session_name")),
                        .external_id = std::string(profile.get("external_id"))};
    ORLOP_ASSIGN(request.duration_seconds, duration_of(profile, name));
    ORLOP_ASSIGN(Credentials signer, signer_of(name, profile));
    return assume_role(context_, options_, region_of(options_, profile), request, signer);
  }

  Result<Credentials> signer_of(const std::string& name, const Profile& profile) {
    std::string source(profile.get("source_profile")), place(profile.get("credential_source"));
    if (source.empty() == place.empty()) {
      return wrong(name, source.empty() ? "role_arn needs a source_profile or a credential_source"
                                        : "source_profile and credential_source exclude each other");
    }
    if (!place.empty()) return from_named_source(context_, options_, name, place);
    visited_.push_back(name);
    // A profile may name itself: its own keys then.
    bool circle = std::ranges::find(visited_, source) != visited_.end();
    ORLOP_ASSIGN(Profile next, load_profile(source));
    if (circle && (source != name || !has_keys(next))) {
      return wrong(name, fmt::format("its source_profile \"{}\" leads back to itself", source));
    }
    if (has_role(next) && !has_keys(next)) return assume(source, next);
    ORLOP_ASSIGN(auto found, rest_of(source, next));
    if (!found) return wrong(name, fmt::format("its source_profile \"{}\" has no credentials", source));
    return *std::move(found);
  }

  const Context& context_;
  const ChainOptions& options_;
  std::vector<std::string> visited_;
};

class ProfileSource final : public CredentialSource {
 public:
  ProfileSource(ChainOptions options, bool only_roles) : options_(std::move(options)), only_roles_(only_roles) {}

  std::string name() const override {
    return fmt::format("the profile \"{}\" of {} and {}", profile(), credentials_path(), config_path());
  }
  Found load(const Context& context) override {
    Lookup lookup(context, options_);
    ORLOP_ASSIGN(auto found, lookup.roles_of(profile()));
    if (found || only_roles_) return found;
    ORLOP_ASSIGN(Profile own, load_profile(profile()));
    return lookup.rest_of(profile(), own);
  }

 private:
  std::string profile() const { return options_.profile.empty() ? default_profile() : options_.profile; }

  const ChainOptions options_;
  const bool only_roles_;
};

class WebIdentitySource final : public CredentialSource {
 public:
  explicit WebIdentitySource(ChainOptions options) : options_(std::move(options)) {}

  std::string name() const override { return "web identity (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN)"; }
  Found load(const Context& context) override {
    std::string file = environment("AWS_WEB_IDENTITY_TOKEN_FILE");
    if (file.empty()) return std::nullopt;
    auto profile = load_profile(options_.profile);
    const Profile own = profile ? *profile : Profile();
    RoleRequest request{.role_arn = environment("AWS_ROLE_ARN"), .session_name = environment("AWS_ROLE_SESSION_NAME")};
    if (request.role_arn.empty()) request.role_arn = own.get("role_arn");
    if (request.role_arn.empty()) {
      return Error(Code::config_invalid, "AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not");
    }
    ORLOP_ASSIGN(Credentials found,
                 web_identity(context, options_, region_of(options_, own), file, std::move(request)));
    return std::optional(std::move(found));
  }

 private:
  const ChainOptions options_;
};

}  // namespace

std::unique_ptr<CredentialSource> profile_source(const ChainOptions& options, bool only_roles) {
  return std::make_unique<ProfileSource>(options, only_roles);
}

std::unique_ptr<CredentialSource> web_identity_source(const ChainOptions& options) {
  return std::make_unique<WebIdentitySource>(options);
}

CredentialSources default_sources(const ChainOptions& options) {
  CredentialSources sources;
  // Who names a profile wants that one, whatever the environment says.
  if (options.profile.empty()) {
    sources.push_back(environment_source());
    sources.push_back(profile_source(options, true));
    sources.push_back(web_identity_source(options));
  }
  sources.push_back(profile_source(options));
  sources.push_back(container_source());
  sources.push_back(instance_source(options));
  return sources;
}

std::vector<const char*> environment_of_chain(const ChainOptions& options) {
  std::vector<const char*> names = {"AWS_PROFILE",
                                    "AWS_REGION",
                                    "AWS_DEFAULT_REGION",
                                    "AWS_ENDPOINT_URL",
                                    "AWS_ENDPOINT_URL_STS",
                                    "AWS_ENDPOINT_URL_SSO",
                                    "AWS_ENDPOINT_URL_SSO_OIDC",
                                    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                    "AWS_EC2_METADATA_DISABLED",
                                    "AWS_EC2_METADATA_SERVICE_ENDPOINT"};
  if (options.profile.empty()) {
    names.insert(names.end(), {"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"});
  }
  return names;
}

}  // namespace orlop::s3
