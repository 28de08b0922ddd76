// What a request costs: a bare loop of curl_easy_perform, the limit, beside our transport. Requests carry the headers
// of a signed S3 request, but no signature.
//
//   http_bench --worker [--transport]    serves harness.py
//   http_bench [--rounds N]              both, interleaved; prints one JSON row an operation
#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "net/http.h"
#include "net/text_body.h"
#include "worker.h"

namespace {

using orlop::bench::Cost;
using orlop::bench::environment;
using orlop::bench::fail;
using orlop::bench::Operations;

const std::string body(4096, 'b');

std::vector<std::string> headers() {
  return {"x-amz-date: 20261121T120000Z",
          "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
          "Authorization: AWS4-HMAC-SHA256 Credential=AKIDBENCH/20261121/us-east-1/s3/aws4_request, "
          "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
          "Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
}

// The limit: everything set once, one handle.
class Bare {
 public:
  explicit Bare(std::string url) : url_(std::move(url)) {
    for (const auto& header : headers()) list_ = curl_slist_append(list_, header.c_str());
    list_ = curl_slist_append(list_, "Expect:");
    for (CURL** easy : {&head_, &get_, &put_}) {
      *easy = curl_easy_init();
      curl_easy_setopt(*easy, CURLOPT_URL, url_.c_str());
      curl_easy_setopt(*easy, CURLOPT_HTTPHEADER, list_);
      curl_easy_setopt(*easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
      curl_easy_setopt(*easy, CURLOPT_NOSIGNAL, 1L);
      curl_easy_setopt(*easy, CURLOPT_WRITEFUNCTION, &Bare::write);
      curl_easy_setopt(*easy, CURLOPT_WRITEDATA, &received_);
    }
    curl_easy_setopt(head_, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(put_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(put_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(put_, CURLOPT_READFUNCTION, &Bare::read);
    curl_easy_setopt(put_, CURLOPT_READDATA, &sent_);
  }
  ~Bare() {
    for (CURL* easy : {head_, get_, put_}) curl_easy_cleanup(easy);
    curl_slist_free_all(list_);
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  Operations operations() {
    return {
        {"head", [this] { perform(head_); }}, {"get", [this] { perform(get_); }}, {"put", [this] { perform(put_); }}};
  }

 private:
  static std::size_t write(char*, std::size_t size, std::size_t count, void* received) {
    *static_cast<std::size_t*>(received) += size * count;
    return size * count;
  }
  static std::size_t read(char* out, std::size_t size, std::size_t count, void* sent) {
    auto& at = *static_cast<std::size_t*>(sent);
    const std::size_t piece = std::min(size * count, body.size() - at);
    std::memcpy(out, body.data() + at, piece);
    at += piece;
    return piece;
  }
  void perform(CURL* easy) {
    received_ = sent_ = 0;
    long status = 0;
    if (curl_easy_perform(easy) != CURLE_OK) fail("bare libcurl failed");
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 || received_ != (easy == get_ ? body.size() : 0)) fail("bare libcurl got a wrong answer");
  }

  std::string url_;
  curl_slist* list_ = nullptr;
  CURL* head_ = nullptr;
  CURL* get_ = nullptr;
  CURL* put_ = nullptr;
  std::size_t received_ = 0;
  std::size_t sent_ = 0;
};

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
