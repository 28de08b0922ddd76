// Small bounded exchanges with services that give credentials out, and what their answers have in common.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/s3/credentials.h"

namespace orlop::s3 {

struct ServiceRequest {
  std::string_view who;  // for messages: "the security token service"
  std::string_view method = "GET";
  std::string url;
  std::vector<std::string> headers{};  // "name: value"
  std::string body{};
  int attempts = 3;  // of what may pass: no connection, a lost answer, 429 and 5xx
};
struct ServiceAnswer {
  int status = 0;
  std::string body;
};

// A transport for services on this machine or its link, which answer at once or never.
net::HttpOptions nearby(std::chrono::milliseconds limit);

// The same for services on the internet: as the storage reaches its own, but not as patiently.
net::HttpOptions distant(const net::HttpOptions& http);

// Errors: the transport's, saying who; data_corrupted for an answer longer than such answers are.
Result<ServiceAnswer> ask(const Context& context, const net::HttpOptions& http, const ServiceRequest& request);

// What an answer that is no success means.
Error refused_by(std::string_view who, int status, std::string_view code = {}, std::string_view hint = {});
// What an answer that cannot be read means.
Error unreadable(std::string_view who);

// The object a text is; discarded when it is none.
nlohmann::json parse_object(std::string_view text);
// A member that is a string; empty when there is none.
std::string text_of(const nlohmann::json& object, const char* name);
// A time as these services write it; nothing for what is none.
std::optional<SystemTime> parse_time(std::string text);

// The names the members have: containers and instance metadata say Token, credential_process SessionToken, SSO writes
// small.
struct CredentialNames {
  const char* id = "AccessKeyId";
  const char* secret = "SecretAccessKey";
  const char* token = "Token";
  const char* expires = "Expiration";
  bool must_end = true;
};
// Errors: data_corrupted naming the member that is missing or wrong, never its value.
Result<Credentials> credentials_of(const nlohmann::json& object, const CredentialNames& names, std::string_view who);
// The same for values of any origin: not empty, and fit for a header.
Result<Credentials> checked(Credentials credentials, std::string_view who);

// Whether a header can carry it, as tokens travel; not the empty one.
bool fit_for_header(std::string_view text);

// The whole file, without white space at its ends. Errors: config_invalid with `what` and the path.
Result<std::string> read_small_file(const std::string& path, std::string_view what);

}  // namespace orlop::s3
