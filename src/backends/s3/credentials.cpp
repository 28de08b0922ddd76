#include "backends/s3/credentials.h"

#include <fmt/format.h>

#include <cstdlib>
#include <map>

#include "backends/s3/shared_config.h"

namespace orlop::s3 {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

class EnvironmentSource final : public CredentialSource {
 public:
  std::string name() const override { return "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"; }
  Result<std::optional<Credentials>> load() override {
    Credentials found{environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"),
                      environment("AWS_SESSION_TOKEN"), std::nullopt};
    if (found.access_key_id.empty()) return std::nullopt;
    if (found.secret_access_key.empty()) {
      return Error(Code::config_invalid, "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not");
    }
    if (found.session_token.empty()) found.session_token = environment("AWS_SECURITY_TOKEN");
    return std::optional(std::move(found));
  }
};

class ProfileSource final : public CredentialSource {
 public:
  explicit ProfileSource(std::string profile) : profile_(std::move(profile)) {}
  std::string name() const override {
    return fmt::format("the profile \"{}\" of {} and {}", profile_.empty() ? default_profile() : profile_,
                       credentials_path(), config_path());
  }
  Result<std::optional<Credentials>> load() override {
    ORLOP_ASSIGN(Profile profile, load_profile(profile_));
    Credentials found{std::string(profile.get("aws_access_key_id")), std::string(profile.get("aws_secret_access_key")),
                      std::string(profile.get("aws_session_token")), std::nullopt};
    if (found.access_key_id.empty()) return std::nullopt;
    if (found.secret_access_key.empty()) {
      return Error(Code::config_invalid, name() + " has an aws_access_key_id but no aws_secret_access_key");
    }
    return std::optional(std::move(found));
  }

 private:
  std::string profile_;
};

std::vector<std::unique_ptr<CredentialSource>> default_sources(const std::string& profile) {
  std::vector<std::unique_ptr<CredentialSource>> sources;
  // Who names a profile wants that one, whatever the environment says.
  if (profile.empty()) sources.push_back(environment_source());
  sources.push_back(profile_source(profile));
  return sources;
}

// New credentials are fetched this long before the old ones end.
constexpr std::chrono::seconds margin{60};

}  // namespace

std::unique_ptr<CredentialSource> environment_source() { return std::make_unique<EnvironmentSource>(); }

std::unique_ptr<CredentialSource> profile_source(std::string profile) {
  return std::make_unique<ProfileSource>(std::move(profile));
}

CredentialChain::CredentialChain(std::vector<std::unique_ptr<CredentialSource>> sources)
    : sources_(std::move(sources)) {}

CredentialChain::CredentialChain(Credentials fixed) : found_(std::make_shared<const Credentials>(std::move(fixed))) {}

std::shared_ptr<CredentialChain> CredentialChain::anonymous() {
  std::shared_ptr<CredentialChain> chain(new CredentialChain());
  chain->anonymous_ = true;
  return chain;
}

Result<std::shared_ptr<const Credentials>> CredentialChain::get() {
  std::lock_guard lock(mutex_);
  bool ending = found_ && found_->expires && *found_->expires < std::chrono::system_clock::now() + margin;
  if (found_ && !ending) return found_;
  return load_locked();
}

Result<std::shared_ptr<const Credentials>> CredentialChain::load_locked() {
  std::string places;
  for (const auto& source : sources_) {
    ORLOP_ASSIGN(auto loaded, source->load());
    if (loaded) return found_ = std::make_shared<const Credentials>(*std::move(loaded));
    places += (places.empty() ? "" : ", ") + source->name();
  }
  return Error(
      Code::unauthenticated,
      fmt::format("no credentials: set access_key_id and secret_access_key, or anonymous; looked in {}", places));
}

bool CredentialChain::reload() {
  std::lock_guard lock(mutex_);
  if (sources_.empty()) return false;
  auto before = found_;
  auto now = load_locked();
  return now && (!before || **now != *before);
}

std::shared_ptr<CredentialChain> default_chain(const std::string& profile) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<CredentialChain>> chains;
  // What decides the outcome besides the files' content, which reload() looks at.
  std::string key = fmt::format("{}\n{}\n{}\n{}\n{}", profile, default_profile(), credentials_path(), config_path(),
                                profile.empty() ? environment("AWS_ACCESS_KEY_ID") : "");
  std::lock_guard lock(mutex);
  std::weak_ptr<CredentialChain>& slot = chains[key];
  std::shared_ptr<CredentialChain> chain = slot.lock();
  if (!chain) slot = chain = std::make_shared<CredentialChain>(default_sources(profile));
  return chain;
}

}  // namespace orlop::s3
