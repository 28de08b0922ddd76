// Whom the transport trusts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "net/http.h"
#include "net/trust.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"

namespace orlop::net {
namespace {

using testing::Certificate;
using testing::Connection;
using ::testing::HasSubstr;
using testing::ScriptedServer;

const ScriptedServer::Script greet = [](Connection& connection, int) {
  while (!connection.head().empty()) connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
};

class CurlTls : public ::testing::Test {
 protected:
  CurlTls() : authority_({.name = "Orlop test authority", .authority = true}) {
    char pattern[] = "/tmp/orlop_tls_XXXXXX";
    directory_ = mkdtemp(pattern);
    ca_file_ = directory_ + "/ca.pem";
    authority_.write_pem(ca_file_);
  }
  ~CurlTls() override { std::filesystem::remove_all(directory_); }

  Certificate server_certificate(long ends = 3600) const {
    return Certificate({.name = "server", .subject_alternative = "IP:127.0.0.1", .begins = -7200, .ends = ends},
                       &authority_);
  }

  HttpOptions trusting() const {
    HttpOptions options;
    options.ca_file = ca_file_;
    return options;
  }

  static Result<std::string> get(const std::string& url, const HttpOptions& options) {
    HttpRequest request;
    request.method = "GET";
    request.url = url;
    ORLOP_ASSIGN(const auto response, curl_transport(options)->send({}, request));
    return response->read_all(100);
  }

  static void expect_refused(const Result<std::string>& answer, const std::string& reason) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Code::config_invalid);
    EXPECT_EQ(answer.error().retry(), Retry::never);
    EXPECT_THAT(answer.error().to_string(), HasSubstr(reason));
    EXPECT_THAT(answer.error().to_string(), HasSubstr("ca_file"));
    EXPECT_THAT(answer.error().to_string(), HasSubstr("verify"));
  }

  Certificate authority_;
  std::string directory_;
  std::string ca_file_;
};

TEST_F(CurlTls, TrustsAPrivateAuthority) {
  const auto context = server_certificate().server_context();
  ScriptedServer server(greet, context.get());
  EXPECT_EQ(get(server.url(), trusting()).value(), "hello");
  EXPECT_EQ(get(server.url(), trusting()).value(), "hello");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(CurlTls, TrustsADirectoryOfHashedLinks) {
  ASSERT_EQ(std::system(("openssl rehash " + directory_).c_str()), 0);
  const auto context = server_certificate().server_context();
  ScriptedServer server(greet, context.get());
  HttpOptions options;
  options.ca_file = directory_;
  EXPECT_EQ(get(server.url(), options).value(), "hello");
}

TEST_F(CurlTls, TrustsTheServersOwnCertificateAsAnAnchor) {
  const auto certificate = server_certificate();
  certificate.write_pem(directory_ + "/server.pem");
  const auto context = certificate.server_context();
  ScriptedServer server(greet, context.get());
  HttpOptions options;
  options.ca_file = directory_ + "/server.pem";
  EXPECT_EQ(get(server.url(), options).value(), "hello");
}

TEST_F(CurlTls, RefusesAnUnknownAuthority) {
  const auto context = server_certificate().server_context();
  ScriptedServer server(greet, context.get());
  expect_refused(get(server.url(), HttpOptions()), "unable to get local issuer certificate");
}

TEST_F(CurlTls, RefusesAnExpiredCertificate) {
  const auto context = server_certificate(-60).server_context();
  ScriptedServer server(greet, context.get());
  expect_refused(get(server.url(), trusting()), "expired");
}

TEST_F(CurlTls, RefusesAnotherHostsCertificate) {
  const Certificate certificate({.name = "other", .subject_alternative = "DNS:other.example"}, &authority_);
  const auto context = certificate.server_context();
  ScriptedServer server(greet, context.get());
  expect_refused(get(server.url(), trusting()), "host name");
}

TEST_F(CurlTls, VerifyFalseAcceptsAnything) {
  const Certificate certificate({.name = "other", .ends = -60});
  const auto context = certificate.server_context();
  ScriptedServer server(greet, context.get());
  HttpOptions options;
  options.verify = false;
  EXPECT_EQ(get(server.url(), options).value(), "hello");
}

TEST_F(CurlTls, AMissingOrWrongCaFileIsNamed) {
  const auto context = server_certificate().server_context();
  ScriptedServer server(greet, context.get());
  HttpOptions options;
  for (const std::string name : {"/nowhere/ca.pem", "/dev/null"}) {
    options.ca_file = name;
    const auto answer = get(server.url(), options);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Code::config_invalid);
    EXPECT_THAT(answer.error().to_string(), HasSubstr("ca_file " + name));
  }
}

TEST_F(CurlTls, PlainHttpBehindHttpsIsExplained) {
  ScriptedServer server([](Connection& connection, int) {
    connection.body(1);
    connection.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  const auto answer = get("https://127.0.0.1:" + std::to_string(server.port()) + "/", trusting());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::config_invalid);
  EXPECT_THAT(answer.error().to_string(), HasSubstr("http://"));
}

TEST_F(CurlTls, AConnectionLostInTheHandshakeIsUnavailable) {
  ScriptedServer server([](Connection& connection, int) { connection.body(1); });
  const auto answer = get("https://127.0.0.1:" + std::to_string(server.port()) + "/", trusting());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::unavailable);
  EXPECT_EQ(answer.error().retry(), Retry::safe);
}

TEST_F(CurlTls, NewConnectionsResumeTheSession) {
  const auto context = server_certificate().server_context();
  SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>("orlop"), 5);
  ScriptedServer server(
      [](Connection& connection, int) {
        connection.head();
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
      },
      context.get());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get(server.url(), trusting()).value(), "hello");
  EXPECT_EQ(server.connections(), 3);
  EXPECT_EQ(server.resumed_sessions(), 2);
}

// A resumed session comes without a certificate, so it must not carry one client's trust over to another.
TEST_F(CurlTls, ASessionServesOnlyThoseWhoTrustAlike) {
  const auto context = server_certificate().server_context();
  ScriptedServer server(greet, context.get());
  EXPECT_EQ(get(server.url(), trusting()).value(), "hello");
  HttpOptions unverified;
  unverified.verify = false;
  EXPECT_EQ(get(server.url(), unverified).value(), "hello");
  expect_refused(get(server.url(), HttpOptions()), "unable to get local issuer certificate");
}

TEST(TrustStores, LoadsTheSystemsOnce) {
  TrustStores stores;
  const auto first = stores.get("");
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_EQ(*first, stores.get("").value());
}

}  // namespace
}  // namespace orlop::net
