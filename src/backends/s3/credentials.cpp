#include "backends/s3/credentials.h"

#include <fmt/format.h>

#include <cstdlib>
#include <map>

#include "backends/s3/refresher.h"
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

// Credentials are renewed this long before they end, and again after a failure; with less time left than the last of
// these nobody should start a request with them.
constexpr std::chrono::minutes renew_before{5};
constexpr std::chrono::seconds renew_again{10};
constexpr std::chrono::seconds unusable_before{30};

using Clock = std::chrono::system_clock;

bool ending(const Credentials& credentials) {
  return credentials.expires && *credentials.expires < Clock::now() + unusable_before;
}

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
  {
    std::lock_guard lock(mutex_);
    if (found_ && !ending(*found_)) return found_;
  }
  std::lock_guard loading(loading_);
  {
    std::lock_guard lock(mutex_);  // somebody else may have loaded them meanwhile
    if (found_ && !ending(*found_)) return found_;
  }
  return load();
}

Result<std::shared_ptr<const Credentials>> CredentialChain::load() {
  std::string places;
  for (const auto& source : sources_) {
    ORLOP_ASSIGN(auto loaded, source->load());
    if (loaded) {
      auto fresh = std::make_shared<const Credentials>(*std::move(loaded));
      if (fresh->expires) renew_at(*fresh->expires - renew_before);
      std::lock_guard lock(mutex_);
      return found_ = std::move(fresh);
    }
    places += (places.empty() ? "" : ", ") + source->name();
  }
  return Error(
      Code::unauthenticated,
      fmt::format("no credentials: set access_key_id and secret_access_key, or anonymous; looked in {}", places));
}

void CredentialChain::renew_at(Clock::time_point when) {
  Refresher::instance().at(when, [weak = weak_from_this()] {
    if (auto chain = weak.lock()) chain->renew();
  });
}

void CredentialChain::renew() {
  std::lock_guard loading(loading_);
  Clock::time_point end;
  {
    std::lock_guard lock(mutex_);
    end = found_ && found_->expires ? *found_->expires : Clock::time_point::max();
  }
  if (end > Clock::now() + renew_before) return;  // get() or reload() came first
  if (!load() && end > Clock::now()) renew_at(Clock::now() + renew_again);
}

bool CredentialChain::reload() {
  if (sources_.empty()) return false;
  std::lock_guard loading(loading_);
  std::shared_ptr<const Credentials> before;
  {
    std::lock_guard lock(mutex_);
    before = found_;
  }
  auto now = load();
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
