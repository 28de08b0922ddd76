#include "backends/s3/presigning.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "backends/s3/attrs.h"
#include "wire/date.h"
#include "wire/encoding.h"
#include "wire/percent.h"
#include "wire/sigv2.h"

namespace orlop::s3 {
namespace {

constexpr std::chrono::seconds longest = std::chrono::days(7);  // the lifetime of a signing key

// Who signs, when, with what.
struct Signer {
  std::shared_ptr<const Credentials> credentials;
  std::shared_ptr<const wire::SigningKey> key;
  Route route;
  SystemTime time;
  std::string date;
  std::chrono::seconds expires{0};
};

std::string in_lower_case(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

// No URL outlives the credentials that signed it, whatever it says.
Result<std::chrono::seconds> expiry_of(const PresignRequest& request, const Credentials& credentials, SystemTime from,
                                       bool clamp) {
  if (!credentials.expires) return request.expires;
  auto life = std::chrono::floor<std::chrono::seconds>(*credentials.expires - from);
  if (request.expires <= life) return request.expires;
  if (life.count() <= 0) return Error(Code::unauthenticated, "the credentials end before the URL's validity begins");
  if (clamp) return life;
  return Error(Code::invalid_argument,
               fmt::format("expires is {} seconds, but the credentials end in {}: ask for less, or set clamp_expiry",
                           request.expires.count(), life.count()));
}

// What version 2 does not sign could be left out or changed by whoever sends.
bool is_bound(const PresignRequest& request) {
  const auto binds = [](const auto& field) {
    const std::string name = in_lower_case(field.first);
    return name == "content-length" || name.starts_with("if-") || name.starts_with("x-amz-checksum-");
  };
  return request.method == SignedMethod::put && std::ranges::any_of(request.headers, binds);
}

// Forms, and uploads bound to more than a type, are signed by version 4 everywhere.
bool signs_v2(const Client& client, const PresignRequest& request) {
  return client.config().presign_v2 && request.method != SignedMethod::post && !is_bound(request);
}

Result<Signer> make_signer(Client& client, const Context& context, const PresignRequest& request) {
  if (client.config().credentials->is_anonymous()) {
    return Error(Code::unauthenticated, "signing needs credentials, and this storage is anonymous");
  }
  bool bounded = request.expires.count() >= 0 && request.expires <= longest;
  if (!bounded && !signs_v2(client, request)) {
    return Error(Code::invalid_argument, "expires must be between 0 and 604800 seconds");
  }
  Signer signer;
  ORLOP_ASSIGN(signer.credentials, client.credentials(context));
  ORLOP_ASSIGN(signer.route, client.public_route());
  signer.time = request.signed_at.value_or(client.now());
  ORLOP_ASSIGN(signer.expires, expiry_of(request, *signer.credentials, signer.time, client.config().clamp_expiry));
  signer.date = wire::amz_date(signer.time);
  signer.key = client.signing_key(*signer.credentials, std::string_view(signer.date).substr(0, 8), signer.route.region);
  return signer;
}

std::string_view method_name(SignedMethod method) {
  switch (method) {
    case SignedMethod::get:
      return "GET";
    case SignedMethod::head:
      return "HEAD";
    case SignedMethod::put:
      return "PUT";
    case SignedMethod::remove:
      return "DELETE";
    case SignedMethod::post:
      return "POST";
  }
  return {};
}

std::string path_of(const Route& route, std::string_view key) { return route.path + '/' + wire::encode_path(key); }

bool parameters_are_headers(const PresignRequest& request) { return request.method == SignedMethod::put; }

void add_in_lower_case(StringMap& headers, std::span<const wire::Field> added) {
  for (const auto& [name, value] : added) headers.insert_or_assign(in_lower_case(name), value);
}

// What the sender must add.
StringMap request_headers(const PresignRequest& request) {
  StringMap headers;
  if (parameters_are_headers(request)) add_in_lower_case(headers, request.parameters);
  add_in_lower_case(headers, request.headers);
  return headers;
}

std::vector<wire::Field> query_of(const PresignRequest& request) {
  std::vector<wire::Field> query;
  if (!parameters_are_headers(request)) query = request.parameters;
  query.insert(query.end(), request.query.begin(), request.query.end());
  return query;
}

wire::QuerySigner query_signer(const Signer& signer, const PresignRequest& request, const StringMap& own_headers) {
  std::vector<wire::Field> headers = {{"host", signer.route.host}};
  headers.insert(headers.end(), own_headers.begin(), own_headers.end());
  std::ranges::sort(headers, {}, &wire::Field::first);
  std::vector<wire::Field> parameters = query_of(request);
  return {signer.key,
          {.method = method_name(request.method),
           .path = {},
           .parameters = parameters,
           .headers = headers,
           .access_key_id = signer.credentials->access_key_id,
           .session_token = signer.credentials->session_token,
           .date = signer.date,
           .expires = static_cast<std::uint64_t>(signer.expires.count())}};
}

bool is_content_header(std::string_view name) { return name == "content-type" || name == "content-md5"; }

// Those a query can carry in place of the sender, in the order given; the rest of the headers is left.
std::vector<wire::Field> take_amz_headers(StringMap& headers, const PresignRequest& request) {
  std::vector<wire::Field> taken;
  for (const auto& [name, value] : request.headers) {
    std::string lower = in_lower_case(name);
    if (lower.starts_with("x-amz-") && headers.erase(lower) == 1) taken.emplace_back(lower, value);
  }
  return taken;
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html, "Query string request authentication"
Presigned presign_url_v2(const Client& client, const Signer& signer, const PresignRequest& request) {
  Presigned result;
  result.expires = signer.expires;
  result.method = method_name(request.method);
  result.headers = request_headers(request);
  std::vector<wire::Field> carried = take_amz_headers(result.headers, request);
  std::vector<wire::Field> parameters = query_of(request);
  std::erase_if(parameters, [&](const wire::Field& parameter) {
    return is_content_header(parameter.first) && result.headers.insert(parameter).second;
  });
  auto header = [&](std::string_view name) {
    auto found = result.headers.find(name);
    return found == result.headers.end() ? std::string_view{} : std::string_view(found->second);
  };
  auto expires_at = std::chrono::floor<std::chrono::seconds>(signer.time) + signer.expires;
  std::string query = wire::presigned_query_v2(
      {.method = result.method,
       .resource = fmt::format("/{}/{}", client.config().bucket, wire::encode_path(request.key)),
       .parameters = parameters,
       .amz_headers = carried,
       .content_type = header("content-type"),
       .content_md5 = header("content-md5"),
       .access_key_id = signer.credentials->access_key_id,
       .secret_access_key = signer.credentials->secret_access_key,
       .session_token = signer.credentials->session_token,
       .expires_at = expires_at.time_since_epoch().count()});
  result.url = fmt::format("{}{}?{}", signer.route.origin, path_of(signer.route, request.key), query);
  return result;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
Presigned presign_form(const Client& client, const Signer& signer, const PresignRequest& request) {
  Presigned result;
  result.expires = signer.expires;
  result.method = "POST";
  result.url = fmt::format("{}{}", signer.route.origin, signer.route.path.empty() ? "/" : signer.route.path);
  auto& fields = result.fields;
  fields.emplace_back("key", request.key);
  fields.insert(fields.end(), request.parameters.begin(), request.parameters.end());
  fields.emplace_back("x-amz-algorithm", "AWS4-HMAC-SHA256");
  fields.emplace_back("x-amz-credential",
                      fmt::format("{}/{}", signer.credentials->access_key_id, signer.key->scope_text()));
  fields.emplace_back("x-amz-date", signer.date);
  if (!signer.credentials->session_token.empty()) {
    fields.emplace_back("x-amz-security-token", signer.credentials->session_token);
  }
  nlohmann::ordered_json policy;
  policy["expiration"] = wire::format_iso8601(signer.time + signer.expires);
  auto& conditions = policy["conditions"];
  conditions.push_back({{"bucket", client.config().bucket}});
  if (request.max_size) {
    conditions.push_back(nlohmann::ordered_json::array({"content-length-range", request.min_size, *request.max_size}));
  }
  for (const auto& [name, value] : fields) {
    nlohmann::ordered_json condition;
    condition[name] = value;
    conditions.push_back(std::move(condition));
  }
  for (const auto& [name, prefix] : request.prefixes) {
    conditions.push_back(nlohmann::ordered_json::array({"starts-with", "$" + name, prefix}));
  }
  std::string text = policy.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
  std::string encoded = wire::encode_base64(as_bytes(text));
  fields.emplace_back("policy", encoded);
  fields.emplace_back("x-amz-signature", signer.key->sign(encoded));
  return result;
}

PresignRequest without_key(PresignRequest request) {
  request.key = {};  // it is the caller's
  return request;
}

std::chrono::seconds whole_seconds(SystemTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
}

}  // namespace

// Of a signed URL all but its path, and what it was made of.
struct PresignMemo::Common {
  PresignRequest request;
  std::chrono::seconds signed_at;
  std::shared_ptr<const Credentials> credentials;
  std::shared_ptr<const Route> route;
  std::chrono::seconds expires;
  std::string origin, directory;
  StringMap headers;
  wire::QuerySigner signer;

  bool serves(const PresignRequest& other, std::chrono::seconds now, const Credentials* credentials_now,
              const Route* route_now) const {
    return signed_at == now && credentials.get() == credentials_now && route.get() == route_now &&
           request.method == other.method && request.expires == other.expires &&
           request.parameters == other.parameters && request.query == other.query && request.headers == other.headers;
  }

  Presigned presign(std::string_view key) const {
    Presigned result;
    result.expires = expires;
    result.method = method_name(request.method);
    result.headers = headers;
    std::string path;
    path.reserve(directory.size() + 1 + key.size() + 16);
    path.append(directory).append(1, '/');
    wire::append_path(path, key);
    result.url.reserve(origin.size() + path.size() + 512);
    result.url.append(origin).append(path);
    signer.append(result.url, path);
    return result;
  }
};

std::shared_ptr<const PresignMemo::Common> PresignMemo::get() const {
  std::lock_guard lock(mutex_);
  return common_;
}

void PresignMemo::set(std::shared_ptr<const Common> common) {
  std::lock_guard lock(mutex_);
  common_.swap(common);
}

namespace {

Result<std::shared_ptr<const PresignMemo::Common>> common_part(Client& client, PresignMemo& memo,
                                                               const Context& context, const PresignRequest& request) {
  auto now = whole_seconds(request.signed_at.value_or(client.now()));
  auto known = memo.get();
  if (known) {
    ORLOP_ASSIGN(auto credentials, client.credentials(context));
    ORLOP_ASSIGN(auto route, client.route());
    if (known->serves(request, now, credentials.get(), route.get())) return known;
  }
  ORLOP_ASSIGN(Signer signer, make_signer(client, context, request));
  ORLOP_ASSIGN(auto route, client.route());
  StringMap headers = request_headers(request);
  wire::QuerySigner query = query_signer(signer, request, headers);
  auto made = std::make_shared<const PresignMemo::Common>(
      PresignMemo::Common{without_key(request), now, signer.credentials, std::move(route), signer.expires,
                          signer.route.origin, signer.route.path, std::move(headers), std::move(query)});
  memo.set(made);
  return made;
}

}  // namespace

Result<Presigned> presign_request(Client& client, PresignMemo& memo, const Context& context,
                                  const PresignRequest& request) {
  for (const auto* given : {&request.parameters, &request.query, &request.headers}) {
    for (const auto& [name, value] : *given) {
      if (!valid_header_value(value))
        return Error(Code::invalid_argument, fmt::format("{} holds control characters", name));
    }
  }
  const bool form = request.method == SignedMethod::post, v2 = signs_v2(client, request);
  if (!form && !v2) {
    ORLOP_ASSIGN(auto common, common_part(client, memo, context, request));
    return common->presign(request.key);
  }
  ORLOP_ASSIGN(Signer signer, make_signer(client, context, request));
  return form ? presign_form(client, signer, request) : presign_url_v2(client, signer, request);
}

Result<std::string> public_address(Client& client, std::string_view key) {
  ORLOP_ASSIGN(Route route, client.public_route());
  return route.origin + path_of(route, key);
}

}  // namespace orlop::s3
