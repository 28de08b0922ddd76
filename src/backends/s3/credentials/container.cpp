// The endpoint a container is told of by its environment.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "backends/s3/credentials/service.h"
#include "backends/s3/credentials/sources.h"
#include "backends/s3/environment.h"

namespace orlop::s3 {
namespace {

constexpr std::string_view container_endpoint = "the container's credential endpoint";
constexpr std::chrono::seconds container_limit{2};

// The host of "http://host:port/path", brackets of IPv6 removed; empty when it is not one, or hides one behind a user.
std::string_view host_of(std::string_view url) {
  std::string_view authority = url.substr(url.find("://") + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) return {};
  if (authority.starts_with('[')) {
    std::size_t close = authority.find(']');
    return close == std::string_view::npos ? std::string_view{} : authority.substr(1, close - 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool is_loopback(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

// Without TLS only this machine, and the addresses Amazon uses on the link, are told the token.
bool may_be_asked(std::string_view url) {
  constexpr std::array<std::string_view, 4> known = {"localhost", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
  std::string_view host = url.starts_with("http://") || url.starts_with("https://") ? host_of(url) : std::string_view{};
  if (host.empty()) return false;
  return url.starts_with("https://") || std::ranges::find(known, host) != known.end() || is_loopback(std::string(host));
}

class ContainerSource final : public CredentialSource {
 public:
  explicit ContainerSource(std::string task_endpoint) : task_endpoint_(std::move(task_endpoint)) {}

  std::string name() const override { return "the container's endpoint (AWS_CONTAINER_CREDENTIALS_FULL_URI)"; }

  Result<std::optional<Credentials>> load(const Context& context) override {
    ORLOP_ASSIGN(std::string url, address());
    if (url.empty()) return std::nullopt;
    ServiceRequest request{.who = container_endpoint, .url = std::move(url), .headers = {"accept: application/json"}};
    ORLOP_ASSIGN(std::string token, authorization());
    if (!token.empty()) request.headers.push_back("authorization: " + token);
    ORLOP_ASSIGN(ServiceAnswer answer, ask(context, nearby(container_limit), request));
    auto object = parse_object(answer.body);
    if (answer.status != 200)
      return refused_by(container_endpoint, answer.status, object.is_object() ? text_of(object, "code") : "");
    if (!object.is_object()) return unreadable(container_endpoint);
    ORLOP_ASSIGN(Credentials found, credentials_of(object, {}, container_endpoint));
    return std::optional(std::move(found));
  }

 private:
  // Nothing when this is no such container.
  Result<std::string> address() const {
    std::string relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    if (!relative.empty()) {
      // Anything else would become part of the host's name.
      if (relative.starts_with('/')) return task_endpoint_ + relative;
      return Error(Code::config_invalid, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash");
    }
    std::string full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (full.empty() || may_be_asked(full)) return full;
    return Error(Code::config_invalid,
                 "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or name this machine, 169.254.170.2, "
                 "169.254.170.23 or fd00:ec2::23");
  }

  // The file's content changes; it is read each time.
  static Result<std::string> authorization() {
    std::string path = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    std::string token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (!path.empty()) {
      ORLOP_ASSIGN(token, read_small_file(path, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
    }
    if (token.find_first_of("\r\n") == std::string::npos) return token;
    return Error(Code::config_invalid, "the container's authorization token has more than one line");
  }

  const std::string task_endpoint_;
};

}  // namespace

std::unique_ptr<CredentialSource> container_source(std::string task_endpoint) {
  return std::make_unique<ContainerSource>(std::move(task_endpoint));
}

}  // namespace orlop::s3
