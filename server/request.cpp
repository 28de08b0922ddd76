#include "server/request.h"

#include <algorithm>

#include "server/errors.h"
#include "wire/percent.h"

namespace orlop::server {
namespace {

// The absolute form of a target (RFC 9112 section 3.2.2) loses its scheme and authority.
std::string_view origin_form(std::string_view target) {
  if (target.starts_with('/')) return target;
  std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return {};
  std::size_t path = target.find('/', scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

std::string host_of(std::string_view value) {
  std::size_t colon = value.rfind(':');
  bool port = colon != std::string_view::npos && value.find(']', colon) == std::string_view::npos;
  return lower(port ? value.substr(0, colon) : value);
}

// "photos" of "photos.localhost" and "photos.s3.localhost"; empty when the host names no bucket.
std::string bucket_of_host(std::string_view host) {
  for (std::string_view suffix : {".s3.localhost", ".localhost"}) {
    if (!host.ends_with(suffix)) continue;
    std::string_view bucket = host.substr(0, host.size() - suffix.size());
    return bucket == "s3" ? std::string() : std::string(bucket);
  }
  return {};
}

Result<std::vector<wire::Field>> parse_query(std::string_view query) {
  std::vector<wire::Field> fields;
  while (!query.empty()) {
    std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(item.size() + 1, query.size()));
    if (item.empty()) continue;
    std::size_t equals = item.find('=');
    auto name = wire::decode_form(item.substr(0, equals));
    auto value = wire::decode_form(equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1));
    if (!name || !value) return s3_error("InvalidURI");
    fields.emplace_back(*std::move(name), *std::move(value));
  }
  return fields;
}

Result<void> split_path(Request& request) {
  std::string_view rest = std::string_view(request.path).substr(1);
  request.bucket = bucket_of_host(request.host);
  if (request.bucket.empty()) {
    std::size_t slash = rest.find('/');
    request.bucket = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  }
  request.key = rest;
  if (request.key.size() > longest_key) return s3_error("KeyTooLongError");
  if (!valid_utf8(request.key) || request.key.find('\0') != std::string::npos) return s3_error("InvalidURI");
  return {};
}

}  // namespace

const std::string* Request::parameter(std::string_view name) const noexcept {
  auto found =
      std::find_if(parameters.begin(), parameters.end(), [&](const auto& field) { return field.first == name; });
  return found == parameters.end() ? nullptr : &found->second;
}

std::string_view Request::parameter_or(std::string_view name, std::string_view other) const noexcept {
  const std::string* value = parameter(name);
  return value ? std::string_view(*value) : other;
}

Result<Request> parse_request(RequestHead head) {
  std::string_view target = origin_form(head.target);
  std::size_t question = target.find('?');
  auto path = wire::decode_percent(target.substr(0, question));
  if (target.empty() || !path) return s3_error("InvalidURI");
  Request request{
      .method = std::move(head.method),
      .path = *std::move(path),
      .query = std::string(question == std::string_view::npos ? std::string_view{} : target.substr(question + 1)),
      .parameters = {},
      .headers = std::move(head.headers),
      .content_length = head.content_length,
      .chunked = head.chunked,
      .host = {},
      .bucket = {},
      .key = {}};
  ORLOP_ASSIGN(request.parameters, parse_query(request.query));
  request.host = host_of(request.headers.get("host"));
  ORLOP_TRY(split_path(request));
  return request;
}

bool valid_bucket_name(std::string_view name) noexcept {
  auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.size() < 3 || name.size() > 63) return false;
  if (!alphanumeric(name.front()) || !alphanumeric(name.back())) return false;
  if (!std::all_of(name.begin(), name.end(), [&](char c) { return alphanumeric(c) || c == '-' || c == '.'; }))
    return false;
  if (name.find("..") != std::string_view::npos) return false;
  bool address = std::count(name.begin(), name.end(), '.') == 3 &&
                 std::all_of(name.begin(), name.end(), [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  return !address;
}

bool valid_utf8(std::string_view text) noexcept {
  // RFC 3629 section 4: no over-long forms, no surrogates, nothing above U+10FFFF.
  for (std::size_t at = 0; at < text.size();) {
    auto lead = static_cast<unsigned char>(text[at++]);
    if (lead < 0x80) continue;
    int more = lead >= 0xc2 && lead <= 0xdf   ? 1
               : lead >= 0xe0 && lead <= 0xef ? 2
               : lead >= 0xf0 && lead <= 0xf4 ? 3
                                              : 0;
    if (more == 0 || text.size() - at < static_cast<std::size_t>(more)) return false;
    auto second = static_cast<unsigned char>(text[at]);
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return false;
    if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return false;
    for (int i = 0; i < more; ++i, ++at) {
      if ((static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U) return false;
    }
  }
  return true;
}

}  // namespace orlop::server
