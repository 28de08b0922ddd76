// Who signs: keys from the options, the environment or the shared files, looked up when first needed.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "orlop/result.h"

namespace orlop::s3 {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  std::optional<std::chrono::system_clock::time_point> expires;  // nothing: they last
  bool operator==(const Credentials&) const = default;
};

// One place credentials come from.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // What it is, for messages and as the key of the process-wide cache. Never a secret.
  virtual std::string name() const = 0;
  // Nothing: there are none here, ask the next. Errors: config_invalid for what is there but wrong.
  virtual Result<std::optional<Credentials>> load() = 0;
};

std::unique_ptr<CredentialSource> environment_source();
// The shared files. `profile` empty: AWS_PROFILE, else "default"; a named one must exist.
std::unique_ptr<CredentialSource> profile_source(std::string profile);

// Sources in order; the first that has something is kept. What ends is renewed beforehand, in the background, so that
// no request waits for it; should that fail, get() tries itself. Thread-safe. Made by make_shared.
class CredentialChain : public std::enable_shared_from_this<CredentialChain> {
 public:
  explicit CredentialChain(std::vector<std::unique_ptr<CredentialSource>> sources);
  explicit CredentialChain(Credentials fixed);
  static std::shared_ptr<CredentialChain> anonymous();

  bool is_anonymous() const noexcept { return anonymous_; }
  // Errors: unauthenticated naming where it looked; config_invalid.
  Result<std::shared_ptr<const Credentials>> get();
  // After the service refused them: looks again. True when what it found differs.
  bool reload();

 private:
  CredentialChain() = default;
  Result<std::shared_ptr<const Credentials>> load();
  void renew();
  void renew_at(std::chrono::system_clock::time_point when);

  bool anonymous_ = false;
  std::mutex loading_;  // taken before mutex_
  std::vector<std::unique_ptr<CredentialSource>> sources_;
  std::mutex mutex_;
  std::shared_ptr<const Credentials> found_;
};

// The chain of a profile (empty: as the environment says), one for the whole process.
std::shared_ptr<CredentialChain> default_chain(const std::string& profile);

}  // namespace orlop::s3
