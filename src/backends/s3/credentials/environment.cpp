// Keys in the environment.
#include "backends/s3/environment.h"

#include "backends/s3/credentials/sources.h"
#include "wire/date.h"

namespace orlop::s3 {
namespace {

class EnvironmentSource final : public CredentialSource {
 public:
  std::string name() const override { return "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"; }
  Result<std::optional<Credentials>> load(const Context&) override {
    Credentials found{environment("AWS_ACCESS_KEY_ID"),
                      environment("AWS_SECRET_ACCESS_KEY"),
                      environment({"AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"}),
                      {},
                      {}};
    if (found.access_key_id.empty()) return std::nullopt;
    if (found.secret_access_key.empty()) {
      return Error(Code::config_invalid, "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not");
    }
    if (std::string end = environment("AWS_CREDENTIAL_EXPIRATION"); !end.empty()) {
      auto time = wire::parse_iso8601(end);
      if (!time)
        return Error(Code::config_invalid, "AWS_CREDENTIAL_EXPIRATION is no time such as 2026-01-31T12:00:00Z");
      found.expires = *time;
    }
    return std::optional(std::move(found));
  }
};

}  // namespace

std::unique_ptr<CredentialSource> environment_source() { return std::make_unique<EnvironmentSource>(); }

}  // namespace orlop::s3
