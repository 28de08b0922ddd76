#include "wire/sigv4.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "wire/encoding.h"
#include "wire/percent.h"

namespace orlop::wire {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

HmacSha256 derive(std::string_view secret, const SigningScope& scope) {
  std::string first = "AWS4" + std::string(secret);
  Digest key = HmacSha256(first).sign(scope.day);
  OPENSSL_cleanse(first.data(), first.size());
  for (std::string_view part : {std::string_view(scope.region), std::string_view(scope.service)})
    key = HmacSha256(key.text()).sign(part);
  key = HmacSha256(key.text()).sign("aws4_request");
  HmacSha256 derived(key.text());
  OPENSSL_cleanse(&key, sizeof key);
  return derived;
}

// A query as forms write it: "+" is a blank too. Broken escapes stay as they are.
std::string decoded(std::string_view text) { return decode_form(text).value_or(std::string(text)); }

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void append_header_value(std::string& text, std::string_view value) {
  // Nearly all of them: no character that could be a space.
  if (std::all_of(value.begin(), value.end(), [](unsigned char c) { return c > ' '; })) {
    text.append(value);
    return;
  }
  std::size_t start = text.size();
  while (!value.empty()) {
    std::size_t word = 0;
    while (word < value.size() && !is_space(value[word])) ++word;
    if (word > 0 && text.size() > start) text += ' ';
    text.append(value.substr(0, word));
    while (word < value.size() && is_space(value[word])) ++word;
    value.remove_prefix(word);
  }
}

void append_names(std::string& text, std::span<const Field> headers) {
  std::size_t start = text.size();
  for (const auto& [name, value] : headers) {
    if (text.size() > start) text += ';';
    text += name;
  }
}

std::string_view cut(std::string_view& text, char separator) {
  std::size_t end = text.find(separator);
  std::string_view head = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return head;
}

std::string sorted_query(std::vector<Field> encoded) {
  std::ranges::sort(encoded);
  std::string query;
  for (const auto& [name, value] : encoded) {
    if (!query.empty()) query += '&';
    query.append(name).append(1, '=').append(value);
  }
  return query;
}

// "name=value" at the front of `text`, where only ", " or the end may follow.
std::optional<std::string_view> take_member(std::string_view& text, std::string_view name) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  if (!text.starts_with(name) || text.substr(name.size(), 1) != "=") return std::nullopt;
  text.remove_prefix(name.size() + 1);
  std::string_view value = cut(text, ',');
  while (!value.empty() && is_space(value.back())) value.remove_suffix(1);
  return value;
}

}  // namespace

std::string amz_date(SystemTime time) {
  auto day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::string text = "00000000T000000Z";
  auto put = [&](std::size_t at, int digits, unsigned value) {
    for (; digits-- > 0; value /= 10) text[at + static_cast<std::size_t>(digits)] = static_cast<char>('0' + value % 10);
  };
  put(0, 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put(4, 2, static_cast<unsigned>(date.month()));
  put(6, 2, static_cast<unsigned>(date.day()));
  put(9, 2, static_cast<unsigned>(clock.hours().count()));
  put(11, 2, static_cast<unsigned>(clock.minutes().count()));
  put(13, 2, static_cast<unsigned>(clock.seconds().count()));
  return text;
}

std::optional<SystemTime> parse_amz_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (char c : text.substr(at, digits)) {
      if (c < '0' || c > '9') return -1;
      value = value * 10 + (c - '0');
    }
    return value;
  };
  int year = number(0, 4), month = number(4, 2), day = number(6, 2);
  int hours = number(9, 2), minutes = number(11, 2), seconds = number(13, 2);
  if (std::min({year, month, day, hours, minutes, seconds}) < 0 || hours > 23 || minutes > 59 || seconds > 59) {
    return std::nullopt;
  }
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hours) + std::chrono::minutes(minutes) +
         std::chrono::seconds(seconds);
}

std::string SigningScope::to_string() const {
  std::string text;
  text.reserve(day.size() + region.size() + service.size() + 15);
  return text.append(day).append(1, '/').append(region).append(1, '/').append(service).append("/aws4_request");
}

SigningKey::SigningKey(std::string_view secret, const SigningScope& scope)
    : scope_(scope), scope_text_(scope.to_string()), hmac_(derive(secret, scope)) {}

std::string SigningKey::sign(std::string_view text) const { return hmac_.sign(text).hex(); }

std::shared_ptr<const SigningKey> SigningKeys::get(std::string_view secret, std::string_view day,
                                                   std::string_view region, std::string_view service) {
  for (const Slot& slot : slots_) {
    if (!slot.key || slot.secret != secret) continue;
    const SigningScope& scope = slot.key->scope();
    if (scope.day == day && scope.region == region && scope.service == service) return slot.key;
  }
  SigningScope scope{std::string(day), std::string(region), std::string(service)};
  Slot& slot = slots_[next_++ % slots_.size()];
  slot = {std::string(secret), std::make_shared<const SigningKey>(secret, scope)};
  return slot.key;
}

std::string CanonicalRequest::signed_headers() const {
  std::string names;
  append_names(names, headers);
  return names;
}

std::string CanonicalRequest::to_string() const {
  std::string text;
  std::size_t size = method.size() + path.size() + query.size() + payload_hash.size() + 8;
  for (const auto& [name, value] : headers) size += 2 * name.size() + value.size() + 3;
  text.reserve(size);
  text.append(method).append(1, '\n').append(path).append(1, '\n').append(query).append(1, '\n');
  for (const auto& [name, value] : headers) {
    text.append(name).append(1, ':');
    append_header_value(text, value);
    text += '\n';
  }
  text += '\n';
  append_names(text, headers);
  return text.append(1, '\n').append(payload_hash);
}

std::string canonical_query(std::span<const Field> parameters) {
  std::vector<Field> encoded;
  encoded.reserve(parameters.size());
  for (const auto& [name, value] : parameters) encoded.emplace_back(encode_query(name), encode_query(value));
  return sorted_query(std::move(encoded));
}

std::string encoded_query(std::span<const Field> parameters) {
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (!query.empty()) query += '&';
    query.append(encode_query(name)).append(1, '=').append(encode_query(value));
  }
  return query;
}

std::string canonical_query(std::string_view encoded, std::string_view without) {
  std::vector<Field> fields;
  while (!encoded.empty()) {
    std::string_view member = cut(encoded, '&');
    if (member.empty()) continue;
    std::string name = decoded(cut(member, '='));
    if (!without.empty() && name == without) continue;
    fields.emplace_back(encode_query(name), encode_query(decoded(member)));
  }
  return sorted_query(std::move(fields));
}

std::string canonical_header_value(std::string_view value) {
  std::string text;
  append_header_value(text, value);
  return text;
}

std::string string_to_sign(std::string_view date, std::string_view scope, std::string_view canonical_request) {
  std::string text;
  text.reserve(algorithm.size() + date.size() + scope.size() + 67);
  text.append(algorithm).append(1, '\n').append(date).append(1, '\n').append(scope).append(1, '\n');
  append_hex(text, sha256(canonical_request).bytes());
  return text;
}

std::string authorization(const SigningKey& key, std::string_view access_key_id, std::string_view date,
                          const CanonicalRequest& request) {
  std::string text;
  text.reserve(384);
  text.append(algorithm).append(" Credential=").append(access_key_id).append(1, '/').append(key.scope_text());
  text.append(", SignedHeaders=");
  append_names(text, request.headers);
  return text.append(", Signature=").append(key.sign(string_to_sign(date, key.scope_text(), request.to_string())));
}

std::optional<Authorization> parse_credential(std::string_view value) {
  std::array<std::string_view, 4> last;  // day, region, service, aws4_request
  for (std::size_t i = last.size(); i-- > 0;) {
    std::size_t slash = value.rfind('/');
    if (slash == std::string_view::npos) return std::nullopt;
    last[i] = value.substr(slash + 1);
    value = value.substr(0, slash);
  }
  if (value.empty() || last[0].size() != 8 || last[3] != "aws4_request") return std::nullopt;
  Authorization result;
  result.access_key_id = value;
  result.scope = {std::string(last[0]), std::string(last[1]), std::string(last[2])};
  return result;
}

std::optional<Authorization> parse_authorization(std::string_view value) {
  if (!value.starts_with(algorithm)) return std::nullopt;
  value.remove_prefix(algorithm.size());
  auto credential = take_member(value, "Credential");
  auto names = credential ? take_member(value, "SignedHeaders") : std::nullopt;
  auto signature = names ? take_member(value, "Signature") : std::nullopt;
  if (!signature || signature->size() != 64) return std::nullopt;
  auto result = parse_credential(*credential);
  if (!result) return std::nullopt;
  for (std::string_view rest = *names; !rest.empty();) result->signed_headers.emplace_back(cut(rest, ';'));
  result->signature = *signature;
  return result;
}

QuerySigner::QuerySigner(std::shared_ptr<const SigningKey> key, const PresignInput& input) : key_(std::move(key)) {
  CanonicalRequest request{input.method, {}, {}, input.headers, input.payload_hash};
  std::vector<Field> fields(input.parameters.begin(), input.parameters.end());
  fields.emplace_back("X-Amz-Algorithm", algorithm);
  fields.emplace_back("X-Amz-Credential", std::string(input.access_key_id) + '/' + key_->scope_text());
  fields.emplace_back("X-Amz-Date", input.date);
  fields.emplace_back("X-Amz-Expires", std::to_string(input.expires));
  fields.emplace_back("X-Amz-SignedHeaders", request.signed_headers());
  if (!input.session_token.empty()) fields.emplace_back("X-Amz-Security-Token", input.session_token);
  std::string canonical = canonical_query(fields);
  request.query = canonical;
  std::size_t place = input.method.size() + 1;  // behind the line of the method
  std::string text = request.to_string();
  before_ = text.substr(0, place);
  behind_ = text.substr(place);
  signed_ = string_to_sign(input.date, key_->scope_text(), {});
  signed_.resize(signed_.size() - empty_sha256.size());
  query_ = '?' + encoded_query(fields) + "&X-Amz-Signature=";
}

void QuerySigner::append(std::string& url, std::string_view path) const {
  std::string text;
  text.reserve(std::max(before_.size() + path.size() + behind_.size(), signed_.size() + empty_sha256.size()));
  text.append(before_).append(path).append(behind_);
  std::string hash = sha256(text).hex();
  text.assign(signed_).append(hash);
  url.append(query_).append(key_->sign(text));
}

std::string presigned_query(const SigningKey& key, const PresignInput& input) {
  std::shared_ptr<const SigningKey> borrowed(std::shared_ptr<void>(), &key);
  std::string query;
  QuerySigner(std::move(borrowed), input).append(query, input.path);
  return query.substr(1);
}

ChunkSigner::ChunkSigner(std::shared_ptr<const SigningKey> key, std::string date, std::string seed)
    : key_(std::move(key)), date_(std::move(date)), previous_(std::move(seed)) {}

std::string ChunkSigner::chunk(Bytes data) { return chunk(sha256(data).hex()); }

std::string ChunkSigner::chunk(std::string_view sha256_hex) {
  std::string hashes;
  return step("AWS4-HMAC-SHA256-PAYLOAD", hashes.append(empty_sha256).append(1, '\n').append(sha256_hex));
}

std::string ChunkSigner::trailer(std::string_view canonical_trailers) {
  return step("AWS4-HMAC-SHA256-TRAILER", sha256(canonical_trailers).hex());
}

std::string ChunkSigner::step(std::string_view name, std::string_view hashes) {
  std::string text;
  text.append(name).append(1, '\n').append(date_).append(1, '\n').append(key_->scope_text()).append(1, '\n');
  text.append(previous_).append(1, '\n').append(hashes);
  return previous_ = key_->sign(text);
}

bool same_signature(std::string_view left, std::string_view right) noexcept { return equal_constant_time(left, right); }

}  // namespace orlop::wire
