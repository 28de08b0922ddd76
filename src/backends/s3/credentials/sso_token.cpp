#include "backends/s3/credentials/sso_token.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <stdlib.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "backends/s3/credentials/service.h"
#include "backends/s3/endpoint.h"
#include "backends/s3/environment.h"
#include "backends/s3/partition.h"
#include "backends/s3/shared_config.h"
#include "engine/file_descriptor.h"
#include "wire/date.h"
#include "wire/hash.h"

namespace orlop::s3 {
namespace {

using SystemClock = std::chrono::system_clock;

constexpr std::string_view renewal = "the SSO token service";
constexpr std::chrono::minutes renewal_window{15};
constexpr Milliseconds others_write_within{1000};

std::string path_of(const SsoLogin& login) {
  const std::string& subject = login.session.empty() ? login.start_url : login.session;
  return aws_directory() + "/sso/cache/" + wire::hash(wire::HashAlgorithm::sha1, as_bytes(subject)).hex() + ".json";
}

struct Cached {
  nlohmann::json file;
  std::string token;
  SystemTime expires;

  bool valid() const { return expires > SystemClock::now(); }
};

Result<Cached> load(const SsoLogin& login) {
  auto text = read_small_file(path_of(login), "the SSO token");
  if (!text) return log_in_again("there is no SSO token", login);
  Cached cached{parse_object(*text), {}, {}};
  if (cached.file.is_object()) {
    cached.token = text_of(cached.file, "accessToken");
    auto expires = parse_time(text_of(cached.file, "expiresAt"));
    if (expires && fit_for_header(cached.token)) {
      cached.expires = *expires;
      return cached;
    }
  }
  return log_in_again("the SSO token cannot be read", login);
}

// Never half of it, and for nobody else's eyes.
bool save(const nlohmann::json& file, const std::string& path) {
  std::string text = file.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string temporary = path + ".XXXXXX";
  FileDescriptor out(::mkostemp(temporary.data(), O_CLOEXEC));  // with mode 0600
  if (!out) return false;
  const auto size = static_cast<::ssize_t>(text.size());
  const bool written = ::write(out.get(), text.data(), text.size()) == size && ::fsync(out.get()) == 0;
  if (written && ::rename(temporary.c_str(), path.c_str()) == 0) return true;
  ::unlink(temporary.c_str());
  return false;
}

bool renewable(const Cached& cached, const SsoLogin& login) {
  if (login.session.empty()) return false;
  for (const char* name : {"refreshToken", "clientId", "clientSecret"}) {
    if (text_of(cached.file, name).empty()) return false;
  }
  auto registered = parse_time(text_of(cached.file, "registrationExpiresAt"));
  return registered && *registered > SystemClock::now();
}

// https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html
Result<ServiceAnswer> create_token(const Context& context, const ChainOptions& options, const Cached& cached,
                                   const SsoLogin& login) {
  ORLOP_ASSIGN(std::string service, sso_service("oidc", login.region, "AWS_ENDPOINT_URL_SSO_OIDC"));
  const nlohmann::json body = {{"clientId", text_of(cached.file, "clientId")},
                               {"clientSecret", text_of(cached.file, "clientSecret")},
                               {"grantType", "refresh_token"},
                               {"refreshToken", text_of(cached.file, "refreshToken")}};
  ServiceRequest request{.who = renewal,
                         .method = "POST",
                         .url = service + "/token",
                         .headers = {"content-type: application/json"},
                         .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
  return ask(context, distant(options.http), request);
}

Result<Cached> renewed(const Context& context, const ChainOptions& options, const Cached& old, const SsoLogin& login) {
  ORLOP_ASSIGN(ServiceAnswer answer, create_token(context, options, old, login));
  auto object = parse_object(answer.body);
  if (answer.status != 200) {
    return refused_by(renewal, answer.status, object.is_object() ? text_of(object, "error") : "");
  }
  if (!object.is_object()) return unreadable(renewal);
  auto life = object.find("expiresIn");
  std::string token = text_of(object, "accessToken");
  constexpr std::int64_t year = 366 * 24 * 3600;
  const bool sound = life != object.end() && life->is_number_integer() && *life > 0 && *life <= year;
  if (!sound || !fit_for_header(token)) return unreadable(renewal);
  Cached fresh{old.file, std::move(token), {}};
  fresh.expires =
      std::chrono::floor<std::chrono::seconds>(SystemClock::now()) + std::chrono::seconds(life->get<std::int64_t>());
  fresh.file["accessToken"] = fresh.token;
  fresh.file["expiresAt"] = wire::format_iso8601(fresh.expires).replace(19, 4, "");  // without ".000", as others write
  // RFC 6749 section 6: without a new one the old stays good.
  if (std::string next = text_of(object, "refreshToken"); !next.empty()) fresh.file["refreshToken"] = std::move(next);
  // Where nothing can be written, this process has the token all the same.
  (void)save(fresh.file, path_of(login));
  return fresh;
}

// A refresh token may be good for one use, and another process have had it.
std::optional<std::string> renewed_by_others(const Cached& old, const SsoLogin& login) {
  auto again = load(login);
  if (!again || again->token == old.token || !again->valid()) return std::nullopt;
  return std::move(again->token);
}

}  // namespace

Error log_in_again(std::string_view why, const SsoLogin& login) {
  return Error(Code::unauthenticated, fmt::format("{}; run: aws sso login --profile {}", why, login.profile));
}

Result<std::string> sso_service(std::string_view name, const std::string& region, const char* variable) {
  std::string given = environment(variable);
  if (given.empty()) given = fmt::format("https://{}.{}.{}", name, region, partition_of(region).suffix);
  ORLOP_ASSIGN(Endpoint endpoint, Endpoint::parse(given, variable));
  return fmt::format("{}://{}{}", endpoint.scheme, endpoint.host, endpoint.base);
}

Result<std::string> sso_token(const Context& context, const ChainOptions& options, const SsoLogin& login) {
  ORLOP_ASSIGN(Cached cached, load(login));
  if (cached.expires > SystemClock::now() + renewal_window) return std::move(cached.token);
  if (renewable(cached, login)) {
    auto fresh = renewed(context, options, cached, login);
    if (fresh) return std::move(fresh->token);
    if (auto others = renewed_by_others(cached, login)) return *std::move(others);
    if (cached.valid()) return std::move(cached.token);
    if (fresh.error().code() != Code::unauthenticated) return std::move(fresh).error();
    // Who came first may not have written yet.
    if (context.sleep(others_write_within)) {
      if (auto others = renewed_by_others(cached, login)) return *std::move(others);
    }
    return log_in_again("the SSO token has expired and its renewal was refused", login);
  }
  if (!cached.valid()) return log_in_again("the SSO token has expired", login);
  return std::move(cached.token);
}

}  // namespace orlop::s3
