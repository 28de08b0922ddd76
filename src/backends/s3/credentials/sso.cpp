#include "backends/s3/credentials/sso.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "backends/s3/config.h"
#include "backends/s3/credentials/service.h"
#include "backends/s3/endpoint.h"
#include "backends/s3/environment.h"
#include "backends/s3/partition.h"
#include "wire/date.h"
#include "wire/hash.h"
#include "wire/percent.h"

namespace orlop::s3 {
namespace {

constexpr std::string_view who = "the SSO portal";

struct Settings {
  std::string session, start_url, region, account_id, role_name;
};

Result<Settings> settings_of(const Profile& profile, std::string_view name) {
  Settings settings;
  settings.session = profile.get("sso_session");
  Profile session;
  if (!settings.session.empty()) {
    ORLOP_ASSIGN(session, load_sso_session(settings.session));
  }
  const std::pair<const char*, std::string*> wanted[] = {{"sso_start_url", &settings.start_url},
                                                         {"sso_region", &settings.region},
                                                         {"sso_account_id", &settings.account_id},
                                                         {"sso_role_name", &settings.role_name}};
  for (const auto& [key, value] : wanted) {
    std::string_view own = profile.get(key), shared = session.get(key);
    if (!own.empty() && !shared.empty() && own != shared) {
      return Error(Code::config_invalid,
                   fmt::format("profile \"{}\" and sso-session \"{}\" disagree on {}", name, settings.session, key));
    }
    *value = own.empty() ? shared : own;
    if (value->empty()) return Error(Code::config_invalid, fmt::format("profile \"{}\" has no {}", name, key));
  }
  if (!valid_region(settings.region)) {
    return Error(Code::config_invalid, fmt::format("profile \"{}\": sso_region is no region", name));
  }
  return settings;
}

Error log_in(std::string_view why, std::string_view name) {
  return Error(Code::unauthenticated, fmt::format("{}; run: aws sso login --profile {}", why, name));
}

// What `aws sso login` left: named after the session, or the address for profiles without one.
Result<std::string> cached_token(const Settings& settings, std::string_view profile_name) {
  const std::string& subject = settings.session.empty() ? settings.start_url : settings.session;
  std::string name = wire::hash(wire::HashAlgorithm::sha1, as_bytes(subject)).hex();
  auto text = read_small_file(aws_directory() + "/sso/cache/" + name + ".json", "the SSO token");
  if (!text) return log_in("there is no SSO token", profile_name);
  auto object = parse_object(*text);
  std::string token = object.is_object() ? text_of(object, "accessToken") : "";
  std::string end = object.is_object() ? text_of(object, "expiresAt") : "";
  if (end.ends_with("UTC")) end.replace(end.size() - 3, 3, "Z");
  auto expires = wire::parse_iso8601(end);
  bool readable = !token.empty() && token.find_first_of("\r\n") == std::string::npos && expires;
  if (!readable) return log_in("the SSO token cannot be read", profile_name);
  if (*expires <= std::chrono::system_clock::now()) return log_in("the SSO token has expired", profile_name);
  return token;
}

Result<std::string> portal_in(const std::string& region) {
  std::string given = environment("AWS_ENDPOINT_URL_SSO");
  if (given.empty()) given = fmt::format("https://portal.sso.{}.{}", region, partition_of(region).suffix);
  ORLOP_ASSIGN(Endpoint endpoint, Endpoint::parse(given, "AWS_ENDPOINT_URL_SSO"));
  return fmt::format("{}://{}{}", endpoint.scheme, endpoint.host, endpoint.base);
}

}  // namespace

bool uses_sso(const Profile& profile) {
  return !profile.get("sso_account_id").empty() || !profile.get("sso_role_name").empty();
}

Result<Credentials> sso_credentials(const Context& context, const ChainOptions& options, const Profile& profile,
                                    std::string_view profile_name) {
  ORLOP_ASSIGN(Settings settings, settings_of(profile, profile_name));
  ORLOP_ASSIGN(std::string token, cached_token(settings, profile_name));
  ORLOP_ASSIGN(std::string portal, portal_in(settings.region));
  // https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html
  ServiceRequest request{.who = who, .url = {}, .headers = {"x-amz-sso_bearer_token: " + token}};
  request.url = fmt::format("{}/federation/credentials?role_name={}&account_id={}", portal,
                            wire::encode_query(settings.role_name), wire::encode_query(settings.account_id));
  ORLOP_ASSIGN(ServiceAnswer answer, ask(context, distant(options.http), request));
  if (answer.status == 401) return log_in("the SSO token was refused", profile_name);
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
