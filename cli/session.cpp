#include "cli/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/identity.h"
#include "cli/redact.h"
#include "orlop/backends/local.h"
#include "orlop/registry.h"

namespace orlop::cli {
namespace {

bool is_secret(const Backend& backend, std::string_view name) {
  return std::ranges::any_of(backend.options, [&](const OptionSpec& spec) { return spec.secret && spec.name == name; });
}

Error secret_in_the_open(std::string_view name) {
  return Error(Code::config_invalid,
               fmt::format("{0} can be read by others on a command line: set it in the environment "
                           "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN) or in the file of remotes",
                           name));
}

std::string id_of(const Target& target) { return target.container->name + " " + target.container->url; }

std::string phrase(Code code) {
  std::string text(to_string(code));
  std::ranges::replace(text, '_', ' ');
  return text;
}

}  // namespace

// One line a request, for --verbose.
class Session::Tracer : public TraceSink {
 public:
  explicit Tracer(Console& console) : console_(console) {}
  void on_request(const RequestEvent& event) noexcept override {
    auto elapsed = std::chrono::duration<double, std::milli>(event.elapsed).count();
    std::string status = event.status == 0 ? "no answer" : std::to_string(event.status);
    console_.message(fmt::format("{} {} {}: {}, {:.1f} ms, {} out, {} in{}", event.method, escaped(event.host),
                                 event.operation, status, elapsed, human_size(event.bytes_sent),
                                 human_size(event.bytes_received), event.reused_connection ? "" : ", new connection"));
  }
  void on_retry(const RetryEvent& event) noexcept override {
    console_.message(fmt::format("again in {} ms: {}", event.delay.count(), escaped(event.error.to_string())));
  }

 private:
  Console& console_;
};

Session::Session(const Global& global, std::stop_token stop)
    : global_(global), out_(stop), tracer_(global.verbose ? std::make_shared<Tracer>(console_) : nullptr) {
  context_.stop = std::move(stop);
}
Session::~Session() = default;

Result<StringMap> Session::options_of(const Target& target) const {
  StringMap options = target.container->options;
  for (const auto& [name, value] : global_.set) options.insert_or_assign(name, value);
  const Backend* backend = find_backend(target.container->url.substr(0, target.container->url.find(':')));
  auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty() || !backend) return;
    if (std::ranges::find(backend->options, name, &OptionSpec::name) != backend->options.end()) {
      options.insert_or_assign(std::string(name), value);
    }
  };
  for (const auto& [name, value] : global_.set) {
    if (backend && is_secret(*backend, name)) return secret_in_the_open(name);
  }
  add("endpoint", global_.endpoint_url);
  add("region", global_.region);
  add("profile", global_.profile);
  add("max_bandwidth", max_bandwidth_);
  return options;
}

std::string Session::identity(const Target& target) {
  if (auto path = local_path(target)) return identity_of(*path);
  if (!target.is_remote()) return target.display();
  const std::string id = id_of(target);
  {
    std::lock_guard lock(mutex_);
    if (auto found = identities_.find(id); found != identities_.end()) return found->second + target.key;
  }
  auto options = options_of(target);
  std::string container = container_identity(target, options ? *options : StringMap{});
  std::lock_guard lock(mutex_);
  return identities_.emplace(id, std::move(container)).first->second + target.key;
}

Result<Storage> Session::open(const Target& target) {
  const std::string id = id_of(target);
  std::lock_guard lock(mutex_);
  if (auto found = storages_.find(id); found != storages_.end()) return found->second;
  StorageOptions options;
  options.trace = tracer_;
  ORLOP_ASSIGN(StringMap backend_options, options_of(target));
  ORLOP_ASSIGN(Storage storage, Storage::from_url(target.container->url, backend_options, std::move(options)));
  return storages_.emplace(id, std::move(storage)).first->second;
}

Result<Storage> Session::open_directory(const std::string& path) {
  local::Options options;
  options.root = path.empty() ? "." : path;
  ORLOP_ASSIGN(std::shared_ptr<Driver> driver, local::open(std::move(options)));
  return Storage(std::move(driver));
}

Exit Session::fail(std::string_view about, const Error& error) {
  Exit code = exit_of(error.code());
  if (code == Exit::interrupted) return code;  // said once, by main
  console_.message("orlop: " + describe(about, error, global_.verbose));
  return code;
}

void Session::note(std::string_view line) {
  if (!global_.quiet) console_.message(fmt::format("orlop: {}", escaped(line)));
}

std::string describe(std::string_view about, const Error& error, bool verbose) {
  std::string line = about.empty() ? std::string() : fmt::format("{}: ", about);
  // A service that says nothing but a number is translated.
  std::string_view message = error.message();
  const bool silent = message.empty() || message.starts_with("HTTP status");
  line += silent ? phrase(error.code()) : std::string(message);
  std::string details;
  auto add = [&](const std::string& detail) { details += (details.empty() ? "" : ", ") + detail; };
  std::string_view service_code = error.service_code();
  if (!service_code.empty() && message.find(service_code) == std::string_view::npos) add(std::string(service_code));
  if (error.http_status() != 0) add(fmt::format("HTTP {}", error.http_status()));
  if (error.attempts() > 1) add(fmt::format("{} attempts", error.attempts()));
  if (verbose && !error.request_id().empty()) add(fmt::format("request {}", error.request_id()));
  if (!details.empty()) line += fmt::format(" ({})", details);
  if (error.outcome_unknown()) line += "; it may have been done nevertheless";
  return escaped(redacted(line));
}

}  // namespace orlop::cli
