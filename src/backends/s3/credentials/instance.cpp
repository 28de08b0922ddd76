// The metadata service of an EC2 instance, version 2: a token first, without which nothing is asked.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "backends/s3/config.h"
#include "backends/s3/credentials/service.h"
#include "backends/s3/credentials/sources.h"
#include "backends/s3/endpoint.h"
#include "backends/s3/environment.h"
#include "backends/s3/shared_config.h"
#include "wire/number.h"

namespace orlop::s3 {
namespace {

constexpr std::string_view metadata_service = "the instance metadata service";
constexpr std::string_view roles = "/latest/meta-data/iam/security-credentials/";
// While the service cannot renew them it hands out expired ones, which the services then accept.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html ("static stability")
constexpr std::chrono::minutes extension{10};

int number_of(const char* variable, int fallback, int most) {
  auto value = wire::parse_number<int>(environment(variable));
  return value ? std::clamp(*value, 1, most) : fallback;
}

bool is_true(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text == "true";
}

// What a role or a token may look like; a login page does not.
bool one_word(std::string_view text) {
  return !text.empty() && text.size() <= 1024 &&
         std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '<' && c != '"'; });
}

class InstanceSource final : public CredentialSource {
 public:
  explicit InstanceSource(std::string profile) : profile_(std::move(profile)) {}

  std::string name() const override { return "the instance metadata service"; }

  Result<std::optional<Credentials>> load(const Context& context) override {
    if (is_true(environment("AWS_EC2_METADATA_DISABLED"))) return std::nullopt;
    ORLOP_ASSIGN(std::string base, endpoint());
    auto token = ask_for(context, "PUT", base + "/latest/api/token", "x-aws-ec2-metadata-token-ttl-seconds: 21600");
    if (auto over = context.expired()) return std::move(*over);
    // Nobody there, or somebody who does not know the service: most machines are no instances.
    if (!token && (token.error().code() == Code::unavailable || token.error().code() == Code::timeout)) {
      return std::nullopt;
    }
    if (!token) return std::move(token).error();
    if (token->status == 403 || token->status == 404 || token->status == 405) return std::nullopt;
    if (token->status != 200) return refused_by(metadata_service, token->status);
    if (!one_word(token->body)) return unreadable(metadata_service);
    return load_role(context, base, "x-aws-ec2-metadata-token: " + token->body);
  }

 private:
  Result<std::optional<Credentials>> load_role(const Context& context, const std::string& base,
                                               const std::string& token) {
    ORLOP_ASSIGN(ServiceAnswer role, ask_for(context, "GET", base + std::string(roles), token));
    if (role.status == 404) return std::nullopt;  // the instance has no role
    if (role.status != 200) return refused_by(metadata_service, role.status);
    std::string name = role.body.substr(0, role.body.find('\n'));
    if (!one_word(name)) return unreadable(metadata_service);
    ORLOP_ASSIGN(ServiceAnswer answer, ask_for(context, "GET", base + std::string(roles) + name, token));
    auto object = parse_object(answer.body);
    if (answer.status != 200) return refused_by(metadata_service, answer.status);
    if (!object.is_object()) return unreadable(metadata_service);
    if (std::string code = text_of(object, "Code"); !code.empty() && code != "Success") {
      return refused_by(metadata_service, answer.status, code, "look at the instance's role");
    }
    ORLOP_ASSIGN(Credentials found, credentials_of(object, {}, metadata_service));
    auto now = std::chrono::system_clock::now();
    if (*found.expires <= now) found.expires = now + extension;
    auto region = ask_for(context, "GET", base + "/latest/meta-data/placement/region", token);
    if (region && region->status == 200 && valid_region(region->body)) found.region = region->body;
    return std::optional(std::move(found));
  }

  static Result<ServiceAnswer> ask_for(const Context& context, std::string_view method, std::string url,
                                       const std::string& header) {
    ServiceRequest request{.who = metadata_service, .method = method, .url = std::move(url), .headers = {header}};
    request.attempts = number_of("AWS_METADATA_SERVICE_NUM_ATTEMPTS", 1, 10);
    std::chrono::seconds patience(number_of("AWS_METADATA_SERVICE_TIMEOUT", 1, 60));
    return ask(context, nearby(patience), request);
  }

  Result<std::string> endpoint() const {
    std::string given = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    std::string mode = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    if (auto profile = load_profile(profile_); profile) {
      if (given.empty()) given = profile->get("ec2_metadata_service_endpoint");
      if (mode.empty()) mode = profile->get("ec2_metadata_service_endpoint_mode");
    }
    std::ranges::transform(mode, mode.begin(), [](unsigned char c) { return std::tolower(c); });
    if (given.empty()) given = mode == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    ORLOP_ASSIGN(Endpoint parsed, Endpoint::parse(given, "AWS_EC2_METADATA_SERVICE_ENDPOINT"));
    return fmt::format("{}://{}{}", parsed.scheme, parsed.host, parsed.base);
  }

  const std::string profile_;
};

}  // namespace

std::unique_ptr<CredentialSource> instance_source(const ChainOptions& options) {
  return std::make_unique<InstanceSource>(options.profile);
}

}  // namespace orlop::s3
