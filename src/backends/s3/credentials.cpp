#include "backends/s3/credentials.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "backends/s3/credentials/sources.h"
#include "backends/s3/environment.h"
#include "backends/s3/refresher.h"
#include "backends/s3/shared_config.h"
#include "engine/condition.h"

namespace orlop::s3 {
namespace {

using SystemClock = std::chrono::system_clock;

// Credentials are renewed this long before they end (those that live shorter: after half their life), and again after
// a failure; with less time left than the last of these nobody should start a request with them.
constexpr std::chrono::minutes renewal_margin{5};
constexpr std::chrono::seconds renew_again{10};
constexpr std::chrono::seconds unusable_before{30};
// The longest a look-up in the background takes: other chains wait for the same thread.
constexpr std::chrono::seconds background_limit{60};

bool ending(const Credentials& credentials) {
  return credentials.expires && *credentials.expires < SystemClock::now() + unusable_before;
}

bool ended(const Credentials& credentials) { return credentials.expires && *credentials.expires <= SystemClock::now(); }

// Requests that find credentials are not among those a caller counts.
Context unseen(const Context& context) {
  Context inner = context;
  inner.trace = nullptr;
  return inner;
}

}  // namespace

// Whose turn it is to look: one at a time. A forked child has its own, as the parent's may be taken for ever.
struct CredentialChain::Flight {
  std::mutex mutex;
  engine::Condition given_back;
  bool taken = false;
  const ::pid_t process = ::getpid();
};

class CredentialChain::Turn {
 public:
  // Waits as long as `context` allows.
  static Result<Turn> take(std::shared_ptr<Flight> flight, const Context& context) {
    std::unique_lock lock(flight->mutex);
    do {
      if (auto over = context.expired()) return std::move(*over);
      constexpr std::chrono::milliseconds look_around{50};  // whether to stop
      if (flight->taken) flight->given_back.wait_until(lock, Clock::now() + look_around);
    } while (flight->taken);
    flight->taken = true;
    lock.unlock();
    return Turn(std::move(flight));
  }
  Turn(Turn&&) = default;
  ~Turn() {
    if (!flight_) return;
    std::lock_guard lock(flight_->mutex);
    flight_->taken = false;
    flight_->given_back.notify_all();
  }

 private:
  explicit Turn(std::shared_ptr<Flight> flight) : flight_(std::move(flight)) {}
  std::shared_ptr<Flight> flight_;
};

CredentialChain::CredentialChain(CredentialSources sources) : sources_(std::move(sources)) {}

CredentialChain::CredentialChain(Credentials fixed) : found_(std::make_shared<const Credentials>(std::move(fixed))) {}

std::shared_ptr<CredentialChain> CredentialChain::anonymous() {
  std::shared_ptr<CredentialChain> chain(new CredentialChain());
  chain->anonymous_ = true;
  return chain;
}

std::shared_ptr<const Credentials> CredentialChain::known() const {
  std::lock_guard lock(mutex_);
  return found_;
}

std::shared_ptr<CredentialChain::Flight> CredentialChain::flight() {
  std::lock_guard lock(mutex_);
  if (!flight_ || flight_->process != ::getpid()) flight_ = std::make_shared<Flight>();
  return flight_;
}

Result<std::shared_ptr<const Credentials>> CredentialChain::get(const Context& context) {
  if (auto found = known(); found && !ending(*found)) return found;
  ORLOP_ASSIGN(Turn turn, Turn::take(flight(), context));
  auto before = known();  // somebody else may have loaded them meanwhile
  if (before && !ending(*before)) return before;
  auto loaded = load(context);
  if (!loaded && before && !ended(*before)) return before;
  return loaded;
}

Result<std::shared_ptr<const Credentials>> CredentialChain::load(const Context& context) {
  std::string places;
  for (const auto& source : sources_) {
    ORLOP_ASSIGN(auto loaded, source->load(unseen(context)));
    if (loaded && ended(*loaded)) {
      return Error(Code::unauthenticated,
                   fmt::format("{} gave credentials that had expired; check this machine's clock", source->name()));
    }
    if (loaded) {
      auto fresh = std::make_shared<const Credentials>(*std::move(loaded));
      if (fresh->expires) renew_before(*fresh->expires);
      std::lock_guard lock(mutex_);
      return found_ = std::move(fresh);
    }
    places += (places.empty() ? "" : ", ") + source->name();
  }
  return Error(
      Code::unauthenticated,
      fmt::format("no credentials: set access_key_id and secret_access_key, or anonymous; looked in {}", places));
}

void CredentialChain::renew_before(Time end) {
  auto now = SystemClock::now();
  auto when = end - renewal_margin;
  if (when <= now) when = now + std::max<SystemClock::duration>((end - now) / 2, std::chrono::seconds(1));
  Refresher::instance().at(when, [weak = weak_from_this(), end] {
    if (auto chain = weak.lock()) chain->renew(end);
  });
}

void CredentialChain::renew(Time end) {
  Context context = Context{}.with_timeout(background_limit);
  auto turn = Turn::take(flight(), context);
  auto now = known();
  if (!turn || !now || now->expires != end) return;  // get() or reload() came first
  if (load(context) || SystemClock::now() >= end) return;
  Refresher::instance().at(SystemClock::now() + renew_again, [weak = weak_from_this(), end] {
    if (auto chain = weak.lock()) chain->renew(end);
  });
}

bool CredentialChain::reload(const Context& context) {
  if (sources_.empty()) return false;
  auto refused = known();
  auto turn = Turn::take(flight(), context);
  if (!turn) return false;
  auto before = known();
  if (before != refused && before && refused && *before != *refused) return true;  // somebody else did
  auto now = load(context);
  return now && (!before || **now != *before);
}

std::shared_ptr<CredentialChain> default_chain(const ChainOptions& options) {
  static engine::ForkMutex mutex;
  static std::map<std::string, std::weak_ptr<CredentialChain>> chains;
  // What decides the outcome besides the files' content, which reload() looks at.
  const net::HttpOptions& http = options.http;
  std::string key = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", options.profile, options.region, http.proxy, http.ca_file,
                                http.verify, credentials_path(), config_path());
  for (const char* variable : environment_of_chain(options)) key += "\n" + environment(variable);
  auto made = std::make_shared<CredentialChain>(default_sources(options));  // outside, as it has such a mutex itself
  std::lock_guard lock(mutex);
  std::erase_if(chains, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<CredentialChain>& slot = chains[key];
  std::shared_ptr<CredentialChain> chain = slot.lock();
  if (!chain) slot = chain = std::move(made);
  return chain;
}

}  // namespace orlop::s3
