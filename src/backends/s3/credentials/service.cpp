#include "backends/s3/credentials/service.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "net/text_body.h"
#include "wire/date.h"

namespace orlop::s3 {
namespace {

constexpr std::size_t answer_limit = 128 << 10;  // tokens have some KiB
constexpr std::chrono::milliseconds first_delay{100};

Result<ServiceAnswer> ask_once(const Context& context, net::HttpTransport& transport, const ServiceRequest& request) {
  net::TextBody body(request.body);
  net::HttpRequest http;
  http.method = request.method;
  http.url = request.url;
  http.headers = request.headers;
  http.body = request.method == "GET" ? nullptr : &body;
  http.operation = "GetCredentials";
  ORLOP_ASSIGN(auto response, transport.send(context, http));
  ORLOP_ASSIGN(std::string text, response->read_all(answer_limit));
  return ServiceAnswer{response->status(), std::move(text)};
}

bool may_pass(const Result<ServiceAnswer>& answer) {
  if (!answer) return answer.error().retry() == Retry::safe;
  return answer->status == 429 || answer->status >= 500;
}

// SSO counts milliseconds.
std::optional<std::chrono::system_clock::time_point> time_of(const nlohmann::json& value) {
  if (value.is_number_integer()) {
    auto milliseconds = value.get<std::int64_t>();
    constexpr std::int64_t year_9999 = 253'402'300'799'000;
    if (milliseconds <= 0 || milliseconds > year_9999) return std::nullopt;
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(milliseconds));
  }
  return value.is_string() ? parse_time(value.get<std::string>()) : std::nullopt;
}

}  // namespace

// The first commands for SSO wrote "2020-06-17T10:02:08UTC".
std::optional<SystemTime> parse_time(std::string text) {
  if (text.ends_with("UTC")) text.replace(text.size() - 3, 3, "Z");
  auto time = wire::parse_iso8601(text);
  return time ? std::optional(*time) : std::nullopt;
}

net::HttpOptions nearby(std::chrono::milliseconds limit) {
  net::HttpOptions http;
  http.connect_timeout = http.first_byte_timeout = http.stall_timeout = limit;
  return http;
}

net::HttpOptions distant(const net::HttpOptions& http) {
  constexpr std::chrono::milliseconds limit{10'000};
  net::HttpOptions result = http;
  for (auto* timeout : {&result.connect_timeout, &result.first_byte_timeout, &result.stall_timeout}) {
    *timeout = std::min(*timeout, limit);
  }
  return result;
}

Result<ServiceAnswer> ask(const Context& context, const net::HttpOptions& http, const ServiceRequest& request) {
  auto transport = net::curl_transport(http);
  auto delay = first_delay;
  for (int attempt = 1;; ++attempt) {
    auto answer = ask_once(context, *transport, request);
    bool again = may_pass(answer) && attempt < request.attempts && context.sleep(delay);
    delay *= 2;
    if (again) continue;
    if (!answer) answer.error().set_message(fmt::format("{}: {}", request.who, answer.error().message()));
    return answer;
  }
}

Error refused_by(std::string_view who, int status, std::string_view code, std::string_view hint) {
  // Its words are not repeated: they may repeat what was sent.
  auto harmless = [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '_'; };
  if (code.size() > 64 || !std::ranges::all_of(code, harmless)) code = {};
  std::string text = fmt::format("{} answered with status {}", who, status);
  if (!code.empty()) text += fmt::format(" ({})", code);
  if (!hint.empty()) text += fmt::format("; {}", hint);
  bool passing = status == 429 || status >= 500;
  Error error(passing ? Code::unavailable : Code::unauthenticated, std::move(text),
              passing ? Retry::safe : Retry::never);
  return std::move(error.set_service(status, code, {}));
}

Error unreadable(std::string_view who) {
  return Error(Code::data_corrupted, fmt::format("{} gave an answer that is not credentials", who), Retry::safe);
}

bool fit_for_header(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

nlohmann::json parse_object(std::string_view text) {
  auto parsed = nlohmann::json::parse(text, nullptr, false);
  return parsed.is_object() ? std::move(parsed) : nlohmann::json(nlohmann::json::value_t::discarded);
}

std::string text_of(const nlohmann::json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<Credentials> checked(Credentials credentials, std::string_view who) {
  const std::pair<const char*, const std::string*> values[] = {{"access key id", &credentials.access_key_id},
                                                               {"secret access key", &credentials.secret_access_key},
                                                               {"session token", &credentials.session_token}};
  for (const auto& [name, value] : values) {
    if (value->empty() && value != &credentials.session_token) {
      return Error(Code::data_corrupted, fmt::format("{} gave no {}", who, name));
    }
    if (!value->empty() && !fit_for_header(*value)) {
      return Error(Code::data_corrupted, fmt::format("{} gave a {} with strange characters in it", who, name));
    }
  }
  return credentials;
}

Result<Credentials> credentials_of(const nlohmann::json& object, const CredentialNames& names, std::string_view who) {
  Credentials found{text_of(object, names.id), text_of(object, names.secret), text_of(object, names.token), {}, {}};
  if (auto end = object.find(names.expires); end != object.end() && !end->is_null()) {
    found.expires = time_of(*end);
    if (!found.expires)
      return Error(Code::data_corrupted, fmt::format("{} gave an {} that is no time", who, names.expires));
  } else if (names.must_end) {
    return Error(Code::data_corrupted, fmt::format("{} gave no {}", who, names.expires));
  }
  return checked(std::move(found), who);
}

Result<std::string> read_small_file(const std::string& path, std::string_view what) {
  std::ifstream in(path, std::ios::binary);
  std::string text(answer_limit, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (!in.is_open())) return Error(Code::config_invalid, fmt::format("{}: {} cannot be read", what, path));
  text.resize(static_cast<std::size_t>(in.gcount()));
  constexpr std::string_view space = " \t\r\n";
  text.erase(text.find_last_not_of(space) + 1);
  text.erase(0, std::min(text.size(), text.find_first_not_of(space)));
  if (text.empty()) return Error(Code::config_invalid, fmt::format("{}: {} is empty", what, path));
  return text;
}

}  // namespace orlop::s3
