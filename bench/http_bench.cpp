// What a request costs: a bare loop of curl_easy_perform, the limit, beside our transport, over the same libcurl.
//
//   http_bench --worker [--transport]    serves harness.py
//   http_bench [--rounds N]              both, interleaved; prints one JSON row an operation
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "bare_libcurl.h"
#include "net/http.h"
#include "net/text_body.h"
#include "worker.h"

namespace {

using orlop::bench::Bare;
using orlop::bench::body;
using orlop::bench::Cost;
using orlop::bench::environment;
using orlop::bench::fail;
using orlop::bench::headers;
using orlop::bench::Operations;

// Ours, as a driver uses it: the request is made anew each time.
class Ours {
 public:
  explicit Ours(std::string url) : url_(std::move(url)) {}

  Operations operations() {
    return {{"head", [this] { send("HEAD", nullptr, 0); }},
            {"get", [this] { send("GET", nullptr, body.size()); }},
            {"put", [this] {
               orlop::net::TextBody source(body);
               send("PUT", &source, 0);
             }}};
  }

 private:
  void send(std::string_view method, orlop::net::BodySource* source, std::size_t expected) {
    orlop::net::HttpRequest request;
    request.method = method;
    request.url = url_;
    request.headers = headers();
    request.body = source;
    request.operation = "Bench";
    const auto response = transport_->send({}, request);
    if (!response) fail(response.error().to_string());
    std::byte buffer[8192];
    std::size_t size = 0;
    for (;;) {
      const auto got = (*response)->read(buffer);
      if (!got) fail(got.error().to_string());
      if (*got == 0) break;
      size += *got;
    }
    if ((*response)->status() != 200 || size != expected) fail("the transport got a wrong answer");
  }

  std::string url_;
  std::shared_ptr<orlop::net::HttpTransport> transport_ = orlop::net::curl_transport({});
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void compare(Bare& bare, Ours& ours, int rounds) {
  constexpr long count = 2000;
  const Operations limit = bare.operations();
  const Operations mine = ours.operations();
  for (const char* name : {"put", "head", "get"}) {
    std::vector<double> limit_cpu;
    std::vector<double> cpu;
    std::vector<double> wall;
    for (int round = -1; round < rounds; ++round) {
      const Cost first = orlop::bench::measure(count, limit.at(name));
      const Cost second = orlop::bench::measure(count, mine.at(name));
      if (round < 0) continue;  // warm
      limit_cpu.push_back(first.cpu / count * 1e6);
      cpu.push_back(second.cpu / count * 1e6);
      wall.push_back(second.wall / count * 1e6);
    }
    fmt::print(
        "{{\"row\": \"{}\", \"libcurl_cpu_us\": {:.2f}, \"cpu_us\": {:.2f}, \"ratio\": {:.3f}, \"wall_us\": {:.2f}}}\n",
        name, median(limit_cpu), median(cpu), median(cpu) / median(limit_cpu), median(wall));
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::string url = environment("AWS_ENDPOINT_URL") + "/bench/key";
  bool worker = false;
  bool transport = false;
  int rounds = 15;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    worker = worker || argument == "--worker";
    transport = transport || argument == "--transport";
    if (argument == "--rounds" && i + 1 < count) rounds = std::atoi(arguments[i + 1]);
  }
  Bare bare(url);
  Ours ours(url);
  bare.operations().at("put")();
  if (worker)
    orlop::bench::serve(transport ? ours.operations() : bare.operations());
  else
    compare(bare, ours, rounds);
}
