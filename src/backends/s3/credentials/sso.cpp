#include "backends/s3/credentials/sso.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "backends/s3/config.h"
#include "backends/s3/credentials/service.h"
#include "backends/s3/credentials/sso_token.h"
#include "wire/percent.h"

namespace orlop::s3 {
namespace {

constexpr std::string_view who = "the SSO portal";

struct Settings {
  SsoLogin login;
  std::string account_id, role_name;
};

Result<Settings> settings_of(const Profile& profile, std::string_view name) {
  Settings settings;
  SsoLogin& login = settings.login;
  login.session = profile.get("sso_session");
  login.profile = name;
  Profile session;
  if (!login.session.empty()) {
    ORLOP_ASSIGN(session, load_sso_session(login.session));
  }
  const std::pair<const char*, std::string*> wanted[] = {{"sso_start_url", &login.start_url},
                                                         {"sso_region", &login.region},
                                                         {"sso_account_id", &settings.account_id},
                                                         {"sso_role_name", &settings.role_name}};
  for (const auto& [key, value] : wanted) {
    std::string_view own = profile.get(key), shared = session.get(key);
    if (!own.empty() && !shared.empty() && own != shared) {
      return Error(Code::config_invalid,
                   fmt::format("profile \"{}\" and sso-session \"{}\" disagree on {}", name, login.session, key));
    }
    *value = own.empty() ? shared : own;
    if (value->empty()) return Error(Code::config_invalid, fmt::format("profile \"{}\" has no {}", name, key));
  }
  if (!valid_region(login.region)) {
    return Error(Code::config_invalid, fmt::format("profile \"{}\": sso_region is no region", name));
  }
  return settings;
}

}  // namespace

bool uses_sso(const Profile& profile) {
  return !profile.get("sso_account_id").empty() || !profile.get("sso_role_name").empty();
}

Result<Credentials> sso_credentials(const Context& context, const ChainOptions& options, const Profile& profile,
                                    std::string_view profile_name) {
  ORLOP_ASSIGN(Settings settings, settings_of(profile, profile_name));
  const SsoLogin& login = settings.login;
  ORLOP_ASSIGN(std::string token, sso_token(context, options, login));
  ORLOP_ASSIGN(std::string portal, sso_service("portal.sso", login.region, "AWS_ENDPOINT_URL_SSO"));
  // https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html
  ServiceRequest request{.who = who, .url = {}, .headers = {"x-amz-sso_bearer_token: " + token}};
  request.url = fmt::format("{}/federation/credentials?role_name={}&account_id={}", portal,
                            wire::encode_query(settings.role_name), wire::encode_query(settings.account_id));
  ORLOP_ASSIGN(ServiceAnswer answer, ask(context, distant(options.http), request));
  if (answer.status == 401) return log_in_again("the SSO token was refused", login);
  if (answer.status != 200) {
    return refused_by(who, answer.status, {}, "look at sso_account_id and sso_role_name of the profile");
  }
  auto object = parse_object(answer.body);
  auto role = object.is_object() ? object.find("roleCredentials") : object.end();
  if (role == object.end() || !role->is_object()) return unreadable(who);
  return credentials_of(
      *role, {.id = "accessKeyId", .secret = "secretAccessKey", .token = "sessionToken", .expires = "expiration"}, who);
}

}  // namespace orlop::s3
