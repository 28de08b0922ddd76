// The server alone, for the tests of foreign clients: `orlop_test_server DIRECTORY|mem: [PORT]`. Faults come from
// $ORLOP_FAULTS, keys from the usual variables. Prints the lines `orlop serve` prints, and serves until it is ended.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "orlop/testing/server.h"

using orlop::Result;
namespace testing_ = orlop::testing;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Result<std::shared_ptr<testing_::BucketStore>> open_buckets(std::string_view where) {
  if (where == "mem:") return testing_::memory_buckets();
  return testing_::directory_buckets(std::string(where));
}

int fail(const orlop::Error& error) {
  std::fprintf(stderr, "%s\n", error.to_string().c_str());
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return std::fprintf(stderr, "usage: orlop_test_server DIRECTORY|mem: [PORT]\n"), 2;
  auto buckets = open_buckets(arguments[1]);
  if (!buckets) return fail(buckets.error());
  testing_::ServerOptions options;
  if (count > 2) options.port = static_cast<std::uint16_t>(std::atoi(arguments[2]));
  options.access_key_id = environment("AWS_ACCESS_KEY_ID");
  options.secret_access_key = environment("AWS_SECRET_ACCESS_KEY");
  options.session_token = environment("AWS_SESSION_TOKEN");
  options.faults = environment("ORLOP_FAULTS");
  options.verbose = !environment("ORLOP_VERBOSE").empty();
  options.public_buckets = {"public"};
  if (std::string region = environment("AWS_REGION"); !region.empty()) options.region = region;
  auto server = testing_::Server::start(*buckets, options);
  if (!server) return fail(server.error());
  const testing_::ServerOptions& used = (*server)->options();
  std::printf("AWS_ENDPOINT_URL=%s\nAWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n", (*server)->endpoint().c_str(),
              used.access_key_id.c_str(), used.secret_access_key.c_str());
  std::fflush(stdout);
  (*server)->wait();
  return 0;
}
