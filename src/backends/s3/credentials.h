// Who signs: keys from the options or from the chain of places Amazon's tools look in, found when first needed and
// renewed before they end.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/fork_mutex.h"
#include "net/http.h"
#include "orlop/context.h"
#include "orlop/result.h"

namespace orlop::s3 {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  std::optional<std::chrono::system_clock::time_point> expires;  // nothing: they last
  std::string region;  // where the machine they were given to stands, if that is known
  bool operator==(const Credentials&) const = default;
};

// One place credentials come from.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // What it is, for messages. Never a secret.
  virtual std::string name() const = 0;
  // Nothing: there are none here, ask the next. Errors: config_invalid for what is there but wrong; unauthenticated
  // when it refuses; unavailable, timeout and data_corrupted when it could not be asked.
  virtual Result<std::optional<Credentials>> load(const Context& context) = 0;
};
using CredentialSources = std::vector<std::unique_ptr<CredentialSource>>;

// What decides where is looked, besides the environment and the files.
struct ChainOptions {
  std::string profile{};    // empty: AWS_PROFILE, else "default"; a named one must exist
  std::string region{};     // whose services are asked; empty: the environment's, else the profile's
  net::HttpOptions http{};  // how services on the internet are reached
};

// Sources in order; the first that has something is kept. What ends is renewed beforehand, in the background, so that
// no request waits for it; should that fail, what is still valid is used on, and get() tries again. Any number of
// callers wait for one look-up. Thread-safe. Made by make_shared.
class CredentialChain : public std::enable_shared_from_this<CredentialChain> {
 public:
  explicit CredentialChain(CredentialSources sources);
  explicit CredentialChain(Credentials fixed);
  static std::shared_ptr<CredentialChain> anonymous();

  bool is_anonymous() const noexcept { return anonymous_; }
  // Errors: unauthenticated naming where it looked; the sources'; timeout and canceled by `context`.
  Result<std::shared_ptr<const Credentials>> get(const Context& context = {});
  // What is known without looking; null before the first get().
  std::shared_ptr<const Credentials> known() const;
  // After the service refused them: looks again. True when what it found differs.
  bool reload(const Context& context = {});

 private:
  using Time = std::chrono::system_clock::time_point;
  class Turn;
  struct Flight;

  CredentialChain() = default;
  Result<std::shared_ptr<const Credentials>> load(const Context& context);
  std::shared_ptr<Flight> flight();
  void renew(Time end);
  void renew_before(Time end);

  bool anonymous_ = false;
  CredentialSources sources_;
  mutable engine::ForkMutex mutex_;  // of what follows; never held during a look-up
  std::shared_ptr<const Credentials> found_;
  std::shared_ptr<Flight> flight_;
};

// The chain of these options, one for the whole process.
std::shared_ptr<CredentialChain> default_chain(const ChainOptions& options);

}  // namespace orlop::s3
