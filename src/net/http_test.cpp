#include "net/http.h"

#include <gtest/gtest.h>

#include <cstring>

namespace orlop::net {
namespace {

TEST(HttpHeaders, NamesCompareWithoutCase) {
  HttpHeaders headers;
  headers.add("ETag", "\"a\"");
  headers.add("x-empty", "");
  headers.add("etag", "\"b\"");
  EXPECT_EQ(headers.get("etag"), "\"a\"");
  EXPECT_EQ(headers.get("X-EMPTY"), "");
  EXPECT_TRUE(headers.has("X-Empty"));
  EXPECT_FALSE(headers.has("x-empt"));
  EXPECT_EQ(headers.get("none"), "");
  std::string all;
  for (const auto& [name, value] : headers) all.append(name).append("=").append(value).append(";");
  EXPECT_EQ(all, "ETag=\"a\";x-empty=;etag=\"b\";");
}

TEST(HttpHeaders, CopiesStandOnTheirOwn) {
  HttpHeaders headers;
  headers.add("a", "1");
  const HttpHeaders copy = headers;
  headers.clear();
  headers.add("b", "2");
  EXPECT_EQ(copy.get("a"), "1");
  EXPECT_FALSE(headers.has("a"));
}

class TextResponse final : public HttpResponse {
 public:
  explicit TextResponse(std::string text) : text_(std::move(text)) {}
  int status() const noexcept override { return 200; }
  const HttpHeaders& headers() const noexcept override { return headers_; }
  Result<std::size_t> read(MutableBytes out) override {
    const std::size_t count = std::min(out.size(), text_.size() - at_);
    std::memcpy(out.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
  HttpHeaders headers_;
};

TEST(HttpResponse, ReadAllStopsAtTheLimit) {
  const std::string text(100'000, 'x');
  EXPECT_EQ(*TextResponse(text).read_all(100'000), text);
  EXPECT_EQ(*TextResponse("").read_all(0), "");
  const auto longer = TextResponse(text).read_all(99'999);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code(), Code::data_corrupted);
}

}  // namespace
}  // namespace orlop::net
