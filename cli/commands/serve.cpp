// orlop serve
#ifdef ORLOP_HAS_SERVER
#include <fmt/format.h>

#include <cstdlib>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/session.h"
#include "orlop/layers/layers.h"
#include "orlop/settings_file.h"
#include "orlop/testing/server.h"

namespace orlop::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

class Serve : public Command {
 public:
  void declare(Options& options) override {
    options.text("--host", host_, "ADDRESS", "The address to listen on (127.0.0.1: this machine alone)")
        .number("--port", port_, 0, 65535, "The port; 0 takes a free one (9000)")
        .texts("--public", public_buckets_, "BUCKET",
               "A bucket anybody may read without a signature; *: all (repeatable)")
        .text("--fault-script", fault_script_, "FILE", "Faults to act out, one a line: see docs/serve.md")
        .operands("URL", operands_, 1, 1);
  }

  bool ends_by_signal() const noexcept override { return true; }

  Exit run(Session& session) override {
    auto server = start(session);
    if (!server) return session.fail(operands_.front(), server.error());
    const testing::ServerOptions& options = (*server)->options();
    Output& out = session.out();
    out.line(fmt::format("AWS_ENDPOINT_URL={}", (*server)->endpoint()));
    out.line(fmt::format("AWS_ACCESS_KEY_ID={}", options.access_key_id));
    out.line(fmt::format("AWS_SECRET_ACCESS_KEY={}", options.secret_access_key));
    out.flush();
    std::stop_callback stop(session.context().stop, [&] { (*server)->stop(); });
    (*server)->wait();
    return Exit::ok;
  }

 private:
  Result<std::unique_ptr<testing::Server>> start(Session& session) const {
    ORLOP_ASSIGN(auto buckets, open_buckets(session));
    testing::ServerOptions options;
    options.host = host_;
    options.port = static_cast<std::uint16_t>(port_);
    options.access_key_id = environment("AWS_ACCESS_KEY_ID");
    options.secret_access_key = environment("AWS_SECRET_ACCESS_KEY");
    if (!session.global().region.empty()) options.region = session.global().region;
    options.public_buckets = public_buckets_;
    options.verbose = session.global().verbose;
    ORLOP_ASSIGN(options.faults, read_faults());
    return testing::Server::start(std::move(buckets), std::move(options));
  }

  Result<std::shared_ptr<testing::BucketStore>> open_buckets(Session& session) const {
    ORLOP_ASSIGN(Target target, parse_target(operands_.front()));
    if (target.is_stream()) return Error(Code::config_invalid, "write a directory or a URL");
    if (target.is_local()) return testing::directory_buckets(target.key);
    if (target.container->url == "mem:") return testing::memory_buckets();
    ORLOP_ASSIGN(Storage storage, session.open(target));
    std::shared_ptr<Driver> driver = storage.driver();
    if (!target.key.empty()) driver = layers::prefix(std::move(driver), target.key);
    const std::string name = target.container->name.empty() ? storage.info().name : target.container->name;
    return testing::single_bucket(name, std::move(driver));
  }

  Result<std::string> read_faults() const {
    if (fault_script_.empty()) return std::string();
    auto text = read_settings_file(fault_script_);
    if (text) return text;
    Error error = std::move(text).error();
    error.set_message(fmt::format("--fault-script: {}", error.message()));
    return error;
  }

  std::vector<std::string> operands_, public_buckets_;
  std::string host_ = "127.0.0.1";
  std::string fault_script_;
  std::uint64_t port_ = 9000;
};

}  // namespace

const Verb serve_verb{
    .name = "serve",
    .summary = "Serve a directory, memory or another bucket over the S3 protocol, for development and tests",
    .operands = "DIRECTORY|mem:|URL",
    .examples =
        "  orlop serve ./data\n"
        "  orlop serve mem: --port 0\n",
    .make = []() -> std::unique_ptr<Command> { return std::make_unique<Serve>(); },
};

}  // namespace orlop::cli
#endif
