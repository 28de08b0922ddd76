#include "server/request.h"

#include <gtest/gtest.h>

#include "server/operation.h"
#include "server/ops/common.h"

namespace orlop::server {
namespace {

Result<Request> parse(std::string method, std::string target, std::string_view host = "127.0.0.1:9000") {
  RequestHead head;
  head.method = std::move(method);
  head.target = std::move(target);
  head.headers.add("host", host);
  return parse_request(std::move(head));
}

TEST(Request, FindsBucketAndKey) {
  auto expect = [](std::string target, std::string_view host, std::string_view bucket, std::string_view key) {
    Request request = parse("GET", target, host).value();
    EXPECT_EQ(request.bucket, bucket) << target;
    EXPECT_EQ(request.key, key) << target;
  };
  expect("/", "x", "", "");
  expect("/b", "x", "b", "");
  expect("/b/", "x", "b", "");
  expect("/b/k", "localhost:1", "b", "k");
  expect("/b//k/", "x", "b", "/k/");
  expect("/b/a%2Fb%20+%25", "x", "b", "a/b +%");
  expect("/b/../c?x=/y", "x", "b", "../c");
  expect("http://h:1/b/k", "x", "b", "k");
  expect("/k/x", "B.localhost:9000", "b", "k/x");
  expect("/k", "my.bucket.s3.localhost", "my.bucket", "k");
  expect("/b/k", "s3.localhost", "b", "k");
  expect("/b/k", "[::1]:9000", "b", "k");
}

TEST(Request, RefusesWhatIsNoKey) {
  EXPECT_FALSE(parse("GET", "/b/%zz"));
  EXPECT_FALSE(parse("GET", "/b/%ff"));
  EXPECT_FALSE(parse("GET", "/b/%00"));
  EXPECT_FALSE(parse("GET", "/b?x=%z"));
  EXPECT_FALSE(parse("GET", "*"));
  EXPECT_TRUE(parse("GET", "/b/" + std::string(1024, 'x')));
  EXPECT_FALSE(parse("GET", "/b/" + std::string(1025, 'x')));
}

TEST(Request, KnowsTheNamesOfBuckets) {
  for (const char* name : {"abc", "a-b.c", "0a0", "a--b"}) EXPECT_TRUE(valid_bucket_name(name)) << name;
  for (const char* name : {"", "ab", "Abc", "a_b", "-abc", "abc.", "a..b", "192.168.0.1", "a/b", "..."}) {
    EXPECT_FALSE(valid_bucket_name(name)) << name;
  }
}

std::string operation(const std::string& method, const std::string& target) {
  Request request = parse(method, target).value();
  auto found = find_operation(request);
  return found ? std::string((*found)->name) : std::string(found.error().service_code());
}

TEST(Operation, NothingFallsThrough) {
  EXPECT_EQ(operation("GET", "/b?list-type=2&prefix=x"), "ListObjectsV2");
  EXPECT_EQ(operation("GET", "/b/k?x-id=GetObject&response-expires=1&partNumber=1&v=4"), "GetObject");
  EXPECT_EQ(operation("PUT", "/b/k?partNumber=1&uploadId=x"), "UploadPart");
  EXPECT_EQ(operation("DELETE", "/b"), "DeleteBucket");
  EXPECT_EQ(operation("DELETE", "/b?publicAccessBlock"), "NotImplemented");
  EXPECT_EQ(operation("DELETE", "/b?unknown"), "NotImplemented");
  EXPECT_EQ(operation("PUT", "/b/k?renameObject"), "NotImplemented");
  EXPECT_EQ(operation("PUT", "/b/k?anything=1"), "NotImplemented");
  EXPECT_EQ(operation("GET", "/b/k?torrent"), "NotImplemented");
  EXPECT_EQ(operation("PATCH", "/b/k"), "MethodNotAllowed");
  EXPECT_EQ(operation("GET", "/b/k?versionId=x"), "NoSuchVersion");
  EXPECT_EQ(operation("GET", "/b?list-type=2&start-after=%ff"), "InvalidArgument");
  EXPECT_EQ(operation("GET", "/b?uploads&key-marker=%ff"), "InvalidArgument");
}

TEST(Range, AsInHttp) {
  auto resolved = [](std::string_view header, std::uint64_t size) {
    auto extent = ops::resolve_range(header, size);
    if (!extent) return std::string("InvalidRange");
    if (!*extent) return std::string("ignored");
    return std::to_string((*extent)->begin) + "-" + std::to_string((*extent)->end);
  };
  EXPECT_EQ(resolved("bytes=0-3", 10), "0-4");
  EXPECT_EQ(resolved("bytes=4-", 10), "4-10");
  EXPECT_EQ(resolved("bytes=-3", 10), "7-10");
  EXPECT_EQ(resolved("bytes=0-18446744073709551615", 10), "0-10");
  EXPECT_EQ(resolved("bytes=10-", 10), "InvalidRange");
  EXPECT_EQ(resolved("bytes=-0", 10), "InvalidRange");
  EXPECT_EQ(resolved("bytes=0-", 0), "InvalidRange");
  for (const char* header : {"bytes=3-2", "bytes=", "bytes=-", "bytes=a-b", "bytes=0-1,2-3", "chars=0-1", "",
                             "bytes=99999999999999999999-"}) {
    EXPECT_EQ(resolved(header, 10), "ignored") << header;
  }
}

}  // namespace
}  // namespace orlop::server
