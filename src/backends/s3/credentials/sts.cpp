#include "backends/s3/credentials/sts.h"

#include <fmt/core.h>

#include <algorithm>
#include <pugixml.hpp>

#include "backends/s3/credentials/service.h"
#include "backends/s3/endpoint.h"
#include "backends/s3/environment.h"
#include "backends/s3/partition.h"
#include "wire/date.h"
#include "wire/hash.h"
#include "wire/sigv4.h"
#include "wire/xml.h"

namespace orlop::s3 {
namespace {

constexpr std::string_view token_service = "the security token service";
constexpr std::string_view form_type = "application/x-www-form-urlencoded; charset=utf-8";

Result<Endpoint> endpoint_in(std::string_view region) {
  // https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
  std::string given = environment({"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"});
  if (!given.empty()) return Endpoint::parse(given, "AWS_ENDPOINT_URL_STS");
  if (region.empty()) return Endpoint{"https", "sts.amazonaws.com", {}};
  return Endpoint{"https", fmt::format("sts.{}.{}", region, partition_of(region).suffix), {}};
}

std::vector<wire::Field> parameters_of(std::string_view action, const RoleRequest& request) {
  std::string session = request.session_name;
  if (session.empty()) {
    auto now = std::chrono::system_clock::now().time_since_epoch();
    session = fmt::format("orlop-{}", std::chrono::duration_cast<std::chrono::seconds>(now).count());
  }
  std::vector<wire::Field> fields = {{"Action", std::string(action)},
                                     {"Version", "2011-06-15"},
                                     {"RoleArn", request.role_arn},
                                     {"RoleSessionName", std::move(session)}};
  if (!request.external_id.empty()) fields.emplace_back("ExternalId", request.external_id);
  if (request.duration_seconds) fields.emplace_back("DurationSeconds", std::to_string(*request.duration_seconds));
  if (!request.token.empty()) fields.emplace_back("WebIdentityToken", request.token);
  return fields;
}

void sign(ServiceRequest& http, const Endpoint& endpoint, std::string_view region, const Credentials& signer) {
  auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  std::string date = wire::amz_date(now);
  std::vector<wire::Field> headers = {
      {"content-type", std::string(form_type)}, {"host", endpoint.host}, {"x-amz-date", date}};
  if (!signer.session_token.empty()) headers.emplace_back("x-amz-security-token", signer.session_token);
  std::string hash = wire::sha256(http.body).hex();
  wire::SigningKey key(signer.secret_access_key,
                       {date.substr(0, 8), region.empty() ? "us-east-1" : std::string(region), "sts"});
  const std::string path = endpoint.base + "/";
  wire::CanonicalRequest canonical{"POST", path, "", headers, hash};
  for (const auto& [name, value] : headers) {
    if (name == "x-amz-date" || name == "x-amz-security-token")
      http.headers.push_back(fmt::format("{}: {}", name, value));
  }
  http.headers.push_back("authorization: " + wire::authorization(key, signer.access_key_id, date, canonical));
}

Error refusal(const ServiceAnswer& answer, std::string_view action, const RoleRequest& request) {
  std::string code;
  if (auto document = wire::XmlDocument::parse(answer.body)) {
    for (const pugi::xml_node& node : document->root().children()) {
      if (wire::local_name(node) == "Error") code = wire::child_text(node, "Code");
    }
  }
  return refused_by(token_service, answer.status, code,
                    fmt::format("asked for {} of role_arn {}", action, request.role_arn));
}

// <AssumeRoleResponse><AssumeRoleResult><Credentials>: what carries another action's name is another's answer.
Result<Credentials> read_answer(const ServiceAnswer& answer, std::string_view action) {
  auto document = wire::XmlDocument::parse(answer.body);
  if (!document || document->root_name() != fmt::format("{}Response", action)) return unreadable(token_service);
  pugi::xml_node found;
  for (const pugi::xml_node& result : document->root().children()) {
    for (const pugi::xml_node& node : result.children()) {
      if (wire::local_name(node) == "Credentials") found = node;
    }
  }
  if (!found) return unreadable(token_service);
  auto text = [&](std::string_view name) { return std::string(wire::child_text(found, name)); };
  Credentials credentials{text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken"), {}, {}};
  auto end = wire::parse_iso8601(text("Expiration"));
  if (!end || credentials.session_token.empty()) return unreadable(token_service);
  credentials.expires = *end;
  return checked(std::move(credentials), token_service);
}

Result<Credentials> call(const Context& context, const ChainOptions& options, std::string_view region,
                         std::string_view action, const RoleRequest& request, const Credentials* signer) {
  ORLOP_ASSIGN(Endpoint endpoint, endpoint_in(region));
  ServiceRequest http{.who = token_service, .method = "POST", .url = {}};
  http.url = fmt::format("{}://{}{}/", endpoint.scheme, endpoint.host, endpoint.base);
  auto fields = parameters_of(action, request);
  http.body = wire::encoded_query(fields);
  http.headers = {fmt::format("content-type: {}", form_type)};
  if (signer) sign(http, endpoint, region, *signer);
  ORLOP_ASSIGN(ServiceAnswer answer, ask(context, distant(options.http), http));
  if (answer.status != 200) return refusal(answer, action, request);
  return read_answer(answer, action);
}

}  // namespace

Result<Credentials> assume_role(const Context& context, const ChainOptions& options, std::string_view region,
                                const RoleRequest& request, const Credentials& signer) {
  return call(context, options, region, "AssumeRole", request, &signer);
}

Result<Credentials> assume_role_with_web_identity(const Context& context, const ChainOptions& options,
                                                  std::string_view region, const RoleRequest& request) {
  return call(context, options, region, "AssumeRoleWithWebIdentity", request, nullptr);
}

}  // namespace orlop::s3
