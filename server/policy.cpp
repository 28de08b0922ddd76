#include "server/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "server/errors.h"
#include "wire/date.h"
#include "wire/encoding.h"

namespace orlop::server {
namespace {

using Json = nlohmann::json;

// Fields that need no condition.
bool is_exempt(std::string_view name) {
  return name == "policy" || name == "x-amz-signature" || name == "file" || name == "bucket" ||
         name.starts_with("x-ignore-");
}

Error denied(std::string_view why) {
  return s3_error("AccessDenied", fmt::format("Invalid according to Policy: {}", why));
}
Error malformed() { return s3_error("InvalidPolicyDocument", "Invalid Policy: Invalid JSON."); }

class Checker {
 public:
  explicit Checker(const Headers& fields) : fields_(fields) {}

  Result<void> check(const Json& condition) {
    if (condition.is_object()) {
      for (const auto& [name, value] : condition.items()) {
        if (!value.is_string()) return malformed();
        ORLOP_TRY(compare("eq", name, value.get<std::string>()));
      }
      return {};
    }
    if (!condition.is_array() || condition.size() != 3 || !condition[0].is_string()) return malformed();
    std::string operation = lower(condition[0].get<std::string>());
    if (operation == "content-length-range") return limit(condition[1], condition[2]);
    if (!condition[1].is_string() || !condition[2].is_string()) return malformed();
    auto name = condition[1].get<std::string>();
    if (!name.starts_with('$')) return malformed();
    return compare(operation, name.substr(1), condition[2].get<std::string>());
  }

  Result<SizeLimits> finish() const {
    for (const auto& [name, value] : fields_) {
      if (!is_exempt(name) && !seen_.contains(name)) return denied(fmt::format("Extra input fields: {}", name));
    }
    return limits_;
  }

 private:
  Result<void> compare(std::string_view operation, std::string_view field, std::string_view wanted) {
    std::string name = lower(field);
    std::string_view actual = fields_.get(name);
    seen_.insert(name);
    bool holds = operation == "eq" ? actual == wanted : operation == "starts-with" && actual.starts_with(wanted);
    if (holds) return {};
    return denied(fmt::format("Policy Condition failed: [\"{}\", \"${}\", \"{}\"]", operation, field, wanted));
  }

  Result<void> limit(const Json& least, const Json& most) {
    if (!least.is_number_unsigned() || !most.is_number_unsigned()) return malformed();
    limits_.least = std::max(limits_.least, least.get<std::uint64_t>());
    limits_.most = std::min(limits_.most, most.get<std::uint64_t>());
    return {};
  }

  const Headers& fields_;
  std::set<std::string, std::less<>> seen_;
  SizeLimits limits_;
};

}  // namespace

Result<SizeLimits> check_policy(std::string_view policy, const Headers& fields) {
  auto text = wire::decode_base64(policy);
  if (!text) return malformed();
  Json document = Json::parse(*text, nullptr, false);
  if (!document.is_object() || !document.contains("expiration") || !document["expiration"].is_string() ||
      !document.contains("conditions") || !document["conditions"].is_array()) {
    return malformed();
  }
  auto expiration = wire::parse_iso8601(document["expiration"].get<std::string>());
  if (!expiration) return malformed();
  // In microseconds: compared in nanoseconds, a year behind 2262 would be in the past.
  auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  if (*expiration < now) return denied("Policy expired.");
  Checker checker(fields);
  for (const Json& condition : document["conditions"]) ORLOP_TRY(checker.check(condition));
  return checker.finish();
}

}  // namespace orlop::server
