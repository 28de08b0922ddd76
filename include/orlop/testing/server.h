// An S3-speaking server over any driver: `orlop serve`, and the test double with scripted faults.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "orlop/driver/driver.h"

namespace orlop::testing {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: a free one
  // The pair clients must sign with. Empty: a random pair is made.
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // when set, requests must carry it, as those with temporary keys do
  std::string region = "us-east-1";
  // Buckets whose objects anybody may read without a signature; "*": all.
  std::vector<std::string> public_buckets;
  // Faults, one a line: see docs/serve.md. "503-twice", "PUT /bucket/key drop-after-256K", ...
  std::string faults;
  bool verbose = false;  // one line a request on stderr
};

// One request as the server saw it, for assertions. Never holds a secret.
struct ServedRequest {
  std::string method;
  std::string operation;  // "PutObject"
  std::string bucket;
  std::string key;
  int status = 0;  // 0: the connection was dropped by a fault
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

struct BucketEntry {
  std::string name;
  SystemTime created;
};

// Where the server keeps its buckets. Safe to use from several threads.
class BucketStore {
 public:
  virtual ~BucketStore() = default;
  virtual Result<std::vector<BucketEntry>> list() = 0;                  // by name
  virtual Result<void> create(const std::string& bucket) = 0;           // already_exists
  virtual Result<void> remove(const std::string& bucket) = 0;           // not_found, precondition_failed (not empty)
  virtual std::shared_ptr<Driver> open(const std::string& bucket) = 0;  // null: no such bucket
};
// One bucket a sub-directory of a root directory; survives restarts.
Result<std::shared_ptr<BucketStore>> directory_buckets(std::string root);
std::shared_ptr<BucketStore> memory_buckets();
// One fixed bucket over any driver (another bucket, a directory, ...).
std::shared_ptr<BucketStore> single_bucket(std::string name, std::shared_ptr<Driver> driver);

// Listens from start() to stop() or destruction. Thread-safe.
class Server {
 public:
  static Result<std::unique_ptr<Server>> start(std::shared_ptr<BucketStore> buckets, ServerOptions options = {});
  ~Server();

  const ServerOptions& options() const noexcept;  // with the port and keys in use
  std::string endpoint() const;                   // "http://127.0.0.1:9000"

  // Replaces the script of faults. Errors: invalid_argument naming the line.
  Result<void> set_faults(std::string_view script);
  // The requests served since the start or the last call.
  std::vector<ServedRequest> take_log();
  // Blocks until stop() is called or the process is told to end.
  void wait();
  void stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace orlop::testing
