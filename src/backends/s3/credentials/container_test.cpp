#include <atomic>

#include "backends/s3/credentials/sources.h"
#include "tests/support/credential_sources.h"

namespace orlop::s3 {
namespace {

using std::chrono::seconds;

TEST_F(S3Sources, AContainerIsAskedWithItsToken) {
  Double service([](const auto&) { return answer(200, keys_json("CONTAINER")); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/v1/credentials?id=1"));
  set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "plain");
  auto found = look_up().value();
  EXPECT_EQ(found->access_key_id, "CONTAINER");
  EXPECT_EQ(found->session_token, "tokentext");
  EXPECT_TRUE(found->expires);
  EXPECT_EQ(service.asked().at(0).line(), "GET /v1/credentials?id=1 HTTP/1.1");
  EXPECT_TRUE(service.asked()[0].has("authorization: plain\r\n"));
  // The file wins, and is read each time: Kubernetes changes it.
  set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", write("token", "first\n"));
  ASSERT_TRUE(look_up());
  write("token", "second\n");
  ASSERT_TRUE(look_up());
  EXPECT_TRUE(service.asked().at(1).has("authorization: first\r\n"));
  EXPECT_TRUE(service.asked().at(2).has("authorization: second\r\n"));
}

TEST_F(S3Sources, ARelativeAddressBelongsToTheTaskEndpoint) {
  Double service([](const auto&) { return answer(200, keys_json("TASK")); });
  set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/abc");
  EXPECT_EQ(container_source(service.url())->load({}).value()->access_key_id, "TASK");
  EXPECT_EQ(service.asked().at(0).line(), "GET /v2/credentials/abc HTTP/1.1");
  set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/x");
  EXPECT_EQ(container_source(service.url())->load({}).error().code(), Code::config_invalid);
}

TEST_F(S3Sources, OnlyKnownHostsAreToldTheToken) {
  for (std::string url : {"http://example.com/", "http://169.254.170.2.example.com/", "http://127.0.0.1@example.com/x",
                          "http://user@127.0.0.1/", "http://10.0.0.1/", "ftp://127.0.0.1/", "http:///x",
                          "http://[::2]/", "http://169.254.169.254/", "localhost", "https://user:pw@localhost/"}) {
    set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    auto got = container_source()->load({});
    ASSERT_FALSE(got) << url;
    EXPECT_EQ(got.error().code(), Code::config_invalid) << url;
  }
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.9.9.9:1/");  // allowed, and nobody is there
  EXPECT_EQ(container_source()->load({}).error().code(), Code::unavailable);
}

TEST_F(S3Sources, FaultsOfAContainerEndpoint) {
  for (const ServiceFault& fault : faults_of(keys_json("C")))
    expect_at("AWS_CONTAINER_CREDENTIALS_FULL_URI", fault, "/");
  expect_at("AWS_CONTAINER_CREDENTIALS_FULL_URI",
            {"expired on arrival", [] { return answer(200, keys_json("C", seconds(-60))); }, {Code::unauthenticated}},
            "/");
  Double hanging([](const auto&) { return std::string(); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", hanging.url("/"));
  auto chain = std::make_shared<CredentialChain>(default_sources({}));
  auto before = std::chrono::steady_clock::now();
  expect_fault({"hanging", {}, {Code::timeout}}, chain->get(Context{}.with_timeout(seconds(1))));
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(2));
}

TEST_F(S3Sources, APassingFaultOfAContainerIsWaitedOut) {
  std::atomic<int> count = 0;
  Double service([&](const auto&) { return ++count < 3 ? answer(503, "") : answer(200, keys_json("THIRD")); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
  EXPECT_EQ(look_up().value()->access_key_id, "THIRD");
}

TEST_F(S3Sources, MembersAreNamedNotQuoted) {
  std::string body =
      R"({"AccessKeyId":"A","SecretAccessKey":"top\r\nsecret","Token":"t","Expiration":"2099-01-01T00:00:00Z"})";
  Double service([&](const auto&) { return answer(200, body); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url("/"));
  expect_fault({"line break", {}, {Code::data_corrupted}}, look_up());
  body = R"({"AccessKeyId":7,"SecretAccessKey":"topsecret","Token":"t","Expiration":"2099-01-01T00:00:00Z"})";
  expect_fault({"wrong type", {}, {Code::data_corrupted}}, look_up());
  body = R"({"AccessKeyId":"A","SecretAccessKey":"topsecret","Token":"t","Expiration":"tomorrow"})";
  expect_fault({"no time", {}, {Code::data_corrupted}}, look_up());
}

}  // namespace
}  // namespace orlop::s3
