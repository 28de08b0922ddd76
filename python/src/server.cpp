// The development server in this process: orlop.testing.
#include "orlop/testing/server.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "errors.h"
#include "gil.h"

namespace orlop::python {

namespace {

class RunningServer {
 public:
  // An empty root keeps the buckets in memory.
  RunningServer(std::string root, std::string access_key_id, std::string secret_access_key, std::string region,
                std::uint16_t port, std::vector<std::string> public_buckets) {
    buckets_ = root.empty() ? testing::memory_buckets() : unwrap(testing::directory_buckets(std::move(root)));
    testing::ServerOptions options;
    options.access_key_id = std::move(access_key_id);
    options.secret_access_key = std::move(secret_access_key);
    options.region = std::move(region);
    options.port = port;
    options.public_buckets = std::move(public_buckets);
    server_ = unwrap(testing::Server::start(buckets_, std::move(options)));
  }
  ~RunningServer() { stop(); }

  const testing::ServerOptions& options() const { return server_->options(); }
  std::string endpoint() const { return server_->endpoint(); }

  void create_bucket(const std::string& name) { unwrap(buckets_->create(name)); }
  void set_faults(const std::string& script) { unwrap(server_->set_faults(script)); }
  // (method, operation, bucket, key, status, bytes in, bytes out) a request.
  nb::list take_log() {
    nb::list log;
    for (const auto& request : server_->take_log()) {
      log.append(nb::make_tuple(request.method, request.operation, request.bucket, request.key, request.status,
                                request.bytes_in, request.bytes_out));
    }
    return log;
  }
  void stop() {
    WithoutGil released;
    server_->stop();
  }

 private:
  std::shared_ptr<testing::BucketStore> buckets_;
  std::unique_ptr<testing::Server> server_;
};

}  // namespace

void add_server(nb::module_& module) {
  nb::class_<RunningServer>(module, "Server")
      .def(nb::init<std::string, std::string, std::string, std::string, std::uint16_t, std::vector<std::string>>())
      .def_prop_ro("endpoint", &RunningServer::endpoint)
      .def_prop_ro("access_key_id", [](const RunningServer& server) { return server.options().access_key_id; })
      .def_prop_ro("secret_access_key", [](const RunningServer& server) { return server.options().secret_access_key; })
      .def("create_bucket", &RunningServer::create_bucket)
      .def("set_faults", &RunningServer::set_faults)
      .def("take_log", &RunningServer::take_log)
      .def("stop", &RunningServer::stop);
}

}  // namespace orlop::python
