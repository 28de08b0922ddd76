// A bare loop of curl_easy_perform: the limit of whoever sends requests through libcurl. They carry the headers of a
// signed S3 request, but no signature.
#pragma once

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "worker.h"

namespace orlop::bench {

inline const std::string body(4096, 'b');

inline std::vector<std::string> headers() {
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

}  // namespace orlop::bench
