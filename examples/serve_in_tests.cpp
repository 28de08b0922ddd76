// An S3 server inside a test: start it, order a fault, and see that the code under test copes.
#include <orlop/backends/s3.h>
#include <orlop/storage.h>
#include <orlop/testing/server.h>

#include <iostream>

int main() {
  auto server = orlop::testing::Server::start(orlop::testing::memory_buckets()).value();

  orlop::s3::Options options;
  options.bucket = "test";
  options.endpoint = server->endpoint();
  options.access_key_id = server->options().access_key_id;
  options.secret_access_key = server->options().secret_access_key;
  orlop::s3::create_bucket(options).value();
  orlop::Storage storage(orlop::s3::open(options).value());

  server->take_log();
  server->set_faults("503-twice").value();
  storage.save("a.txt", "survives two failures").value();
  std::cout << storage.read_all("a.txt").value() << "\n";

  for (const orlop::testing::ServedRequest& request : server->take_log()) {
    std::cout << request.operation << " " << request.status << "\n";
  }
}
