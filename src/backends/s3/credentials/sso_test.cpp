#include "backends/s3/credentials/sso.h"

#include <sys/resource.h>

#include <csignal>

#include "tests/support/credential_sources.h"
#include "wire/hash.h"

namespace orlop::s3 {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class S3Sso : public S3Sources {
 protected:
  void log_in(const std::string& subject, seconds life, const std::string& token = "ssotoken") {
    std::string name = wire::hash(wire::HashAlgorithm::sha1, as_bytes(std::string_view(subject))).hex();
    write(".aws/sso/cache/" + name + ".json",
          fmt::format(R"({{"accessToken":"{}","expiresAt":"{}","startUrl":"https://s.example"}})", token, in(life)));
  }
  static std::string role(const std::string& id) {
    auto end = std::chrono::duration_cast<std::chrono::milliseconds>(
        (std::chrono::system_clock::now() + hours(1)).time_since_epoch());
    return fmt::format(
        R"({{"roleCredentials":{{"accessKeyId":"{}","secretAccessKey":"topsecret","sessionToken":"tokentext","expiration":{}}}}})",
        id, end.count());
  }
};

TEST_F(S3Sso, ASessionsTokenIsTraded) {
  Double portal([](const auto&) { return answer(200, role("SSO")); });
  set("AWS_ENDPOINT_URL_SSO", portal.url());
  write("config",
        "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Read Only\n"
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n");
  auto without = look_up();
  EXPECT_EQ(without.error().code(), Code::unauthenticated);
  EXPECT_NE(without.error().message().find("aws sso login --profile default"), std::string::npos);
  log_in("corp", hours(1));
  auto found = look_up().value();
  EXPECT_EQ(found->access_key_id, "SSO");
  EXPECT_GT(*found->expires, std::chrono::system_clock::now() + minutes(59));
  EXPECT_EQ(portal.asked().at(0).line(),
            "GET /federation/credentials?role_name=Read%20Only&account_id=123456789012 HTTP/1.1");
  EXPECT_TRUE(portal.asked()[0].has("x-amz-sso_bearer_token: ssotoken\r\n"));
  log_in("corp", seconds(-1));
  auto expired = look_up();
  EXPECT_EQ(expired.error().code(), Code::unauthenticated);
  EXPECT_NE(expired.error().message().find("expired; run: aws sso login --profile default"), std::string::npos);
  EXPECT_EQ(portal.asked().size(), 1U);
}

TEST_F(S3Sso, OldProfilesNameTheirTokenByAddress) {
  Double portal([](const auto&) { return answer(200, role("LEGACY")); });
  set("AWS_ENDPOINT_URL_SSO", portal.url());
  write("config",
        "[profile old]\nsso_region = eu-west-1\nsso_start_url = https://old.example/start\nsso_account_id = 1\n"
        "sso_role_name = R\n");
  log_in("https://old.example/start", hours(1));
  EXPECT_EQ(look_up("old").value()->access_key_id, "LEGACY");
  // As the first version of the command wrote times.
  std::string name =
      wire::hash(wire::HashAlgorithm::sha1, as_bytes(std::string_view("https://old.example/start"))).hex();
  write(".aws/sso/cache/" + name + ".json", R"({"accessToken":"t","expiresAt":"2099-06-17T10:02:08UTC"})");
  EXPECT_EQ(look_up("old").value()->access_key_id, "LEGACY");
}

TEST_F(S3Sso, WrongProfilesAndTokensAreNamed) {
  write("config",
        "[profile half]\nsso_account_id = 1\nsso_role_name = R\nsso_region = eu-west-1\n"
        "[profile lost]\nsso_session = nobody\nsso_account_id = 1\nsso_role_name = R\n"
        "[profile torn]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = R\nsso_region = eu-west-2\n"
        "[profile odd]\nsso_account_id = 1\nsso_role_name = R\nsso_region = a.b/c\nsso_start_url = u\n"
        "[profile good]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = R\n"
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example\n");
  for (const char* profile : {"half", "lost", "torn", "odd"}) {
    EXPECT_EQ(look_up(profile).error().code(), Code::config_invalid) << profile;
  }
  log_in("corp", hours(1), "tok\\r\\nx-evil: 1");
  auto got = look_up("good");
  EXPECT_EQ(got.error().code(), Code::unauthenticated);
  EXPECT_NE(got.error().message().find("aws sso login --profile good"), std::string::npos);
}

class S3SsoRenewal : public S3Sso {
 protected:
  void SetUp() override {
    S3Sso::SetUp();
    write("config",
          "[default]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = R\n"
          "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example\n");
    set("AWS_ENDPOINT_URL_SSO", portal_.url());
  }
  static std::string cache_file() {
    return ".aws/sso/cache/" + wire::hash(wire::HashAlgorithm::sha1, as_bytes(std::string_view("corp"))).hex() +
           ".json";
  }
  // As `aws sso login` leaves it.
  void log_in(seconds life, seconds registration = hours(1000), const std::string& refresh = "tokentext-refresh") {
    write(cache_file(),
          fmt::format(
              R"({{"startUrl":"https://corp.example","region":"eu-west-1","accessToken":"old","expiresAt":"{}",)"
              R"("clientId":"client","clientSecret":"topsecret","registrationExpiresAt":"{}","refreshToken":"{}",)"
              R"("scopes":["sso:account:access"]}})",
              in(life), in(registration), refresh));
  }
  std::string cached() const {
    std::ifstream in(directory_ / cache_file());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::ptrdiff_t cache_files() const {
    std::filesystem::directory_iterator files(directory_ / ".aws/sso/cache");
    return std::distance(begin(files), end(files));
  }
  static std::string fresh(const std::string& rest = "") {
    return answer(200, R"({"accessToken":"new","tokenType":"Bearer","expiresIn":28800)" + rest + "}");
  }
  // The bearer token the portal was asked with last.
  std::string used() const {
    auto asked = portal_.asked();
    if (asked.empty()) return "";
    return asked.back().has("x-amz-sso_bearer_token: new\r\n") ? "new" : "old";
  }
  void expect_login(std::string_view why) {
    auto got = look_up();
    ASSERT_FALSE(got);
    std::string text = got.error().to_string();
    EXPECT_EQ(got.error().code(), Code::unauthenticated) << text;
    EXPECT_NE(text.find(fmt::format("{}; run: aws sso login --profile default", why)), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos);
    for (const char* secret : {"topsecret", "tokentext"}) EXPECT_EQ(text.find(secret), std::string::npos) << text;
  }
  void write_as_another_process() {
    write(cache_file(), fmt::format(R"({{"accessToken":"new","expiresAt":"{}"}})", in(hours(8))));
  }
  // The renewal is refused, and meanwhile happens what another process does.
  void expect_taken_from_others(const std::function<void()>& meanwhile) {
    Double service([&](const auto&) {
      meanwhile();
      return answer(400, R"({"error":"invalid_grant"})");
    });
    set("AWS_ENDPOINT_URL_SSO_OIDC", service.url());
    log_in(seconds(-1));
    EXPECT_TRUE(look_up());
    EXPECT_EQ(used(), "new");
  }

  Double portal_{[](const auto&) { return answer(200, role("SSO")); }};
};

TEST_F(S3SsoRenewal, AnExpiredTokenIsRenewedOnceAndKept) {
  Double service([](const auto&) { return fresh(R"(,"refreshToken":"tokentext-next")"); });
  set("AWS_ENDPOINT_URL_SSO_OIDC", service.url("/base"));
  log_in(seconds(-1));
  EXPECT_EQ(look_up().value()->access_key_id, "SSO");
  EXPECT_EQ(used(), "new");
  ASSERT_EQ(service.asked().size(), 1U);
  EXPECT_EQ(service.asked()[0].line(), "POST /base/token HTTP/1.1");
  EXPECT_TRUE(service.asked()[0].has("content-type: application/json\r\n"));
  EXPECT_EQ(service.asked()[0].body, R"({"clientId":"client","clientSecret":"topsecret","grantType":"refresh_token",)"
                                     R"("refreshToken":"tokentext-refresh"})");
  std::string text = cached();
  for (const char* kept : {R"("accessToken":"new")", R"("refreshToken":"tokentext-next")", R"("clientId":"client")",
                           R"("startUrl":"https://corp.example")", R"("scopes":["sso:account:access"])"}) {
    EXPECT_NE(text.find(kept), std::string::npos) << kept;
  }
  auto expires = text.substr(text.find(R"("expiresAt":")") + 13);
  EXPECT_EQ(expires.substr(19, 2), "Z\"");
  auto end = wire::parse_iso8601(expires.substr(0, 20)).value();
  EXPECT_LT(std::chrono::abs(end - std::chrono::system_clock::now() - hours(8)), seconds(10));
  struct stat status {};
  ASSERT_EQ(::stat((directory_ / cache_file()).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(cache_files(), 1);
  EXPECT_EQ(look_up().value()->access_key_id, "SSO");
  EXPECT_EQ(service.asked().size(), 1U);
}

TEST_F(S3SsoRenewal, TheOldRefreshTokenStaysWhereNoneIsGiven) {
  Double service([](const auto&) { return fresh(); });
  set("AWS_ENDPOINT_URL_SSO_OIDC", service.url());
  log_in(seconds(-1));
  EXPECT_TRUE(look_up());
  EXPECT_NE(cached().find("tokentext-refresh"), std::string::npos);
}

TEST_F(S3SsoRenewal, AQuarterOfAnHourBeforeTheEnd) {
  Double service([](const auto&) { return answer(400, R"({"error":"invalid_grant"})"); });
  set("AWS_ENDPOINT_URL_SSO_OIDC", service.url());
  log_in(minutes(16));
  EXPECT_TRUE(look_up());
  EXPECT_EQ(service.asked().size(), 0U);
  log_in(minutes(14));
  EXPECT_TRUE(look_up());  // refused, but the old one is still good
  EXPECT_EQ(service.asked().size(), 1U);
  EXPECT_EQ(used(), "old");
}

TEST_F(S3SsoRenewal, WhatCannotBeRenewedWantsALogin) {
  Double service(
      [](const auto&) { return answer(400, R"({"error":"invalid_grant","error_description":"tokentext"})"); });
  set("AWS_ENDPOINT_URL_SSO_OIDC", service.url());
  log_in(seconds(-1), seconds(-1));
  expect_login("the SSO token has expired");
  log_in(seconds(-1), hours(1000), "");
  expect_login("the SSO token has expired");
  EXPECT_EQ(service.asked().size(), 0U);
  log_in(seconds(-1));
  expect_login("the SSO token has expired and its renewal was refused");
  EXPECT_EQ(service.asked().size(), 1U);
  EXPECT_EQ(portal_.asked().size(), 0U);
  EXPECT_NE(cached().find(R"("accessToken":"old")"), std::string::npos);
}

TEST_F(S3SsoRenewal, WhatAnotherProcessRenewedIsTaken) {
  expect_taken_from_others([this] { write_as_another_process(); });
}

TEST_F(S3SsoRenewal, WhatAnotherProcessIsAboutToWriteIsAwaited) {
  std::jthread other;
  expect_taken_from_others([&] {
    other = std::jthread([this] {
      std::this_thread::sleep_for(Milliseconds(300));
      write_as_another_process();
    });
  });
}

TEST_F(S3SsoRenewal, ACacheThatCannotBeWrittenIsNoHindrance) {
  Double service([](const auto&) { return fresh(R"(,"refreshToken":"tokentext-next")"); });
  set("AWS_ENDPOINT_URL_SSO_OIDC", service.url());
  log_in(seconds(-1));
  const std::string before = cached();
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  auto* handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit none{0, limit.rlim_max};  // a full disk, also to root
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  auto got = look_up();
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(got.has_value());
  EXPECT_EQ(used(), "new");
  EXPECT_EQ(cached(), before);
  EXPECT_EQ(cache_files(), 1);
}

TEST_F(S3SsoRenewal, Faults) {
  const std::string good = R"({"accessToken":"tokentext","expiresIn":28800})";
  for (const ServiceFault& fault : faults_of(good)) {
    log_in(seconds(-1));
    expect_at("AWS_ENDPOINT_URL_SSO_OIDC", fault);
    EXPECT_NE(cached().find(R"("accessToken":"old")"), std::string::npos);
  }
  for (const char* body : {R"({"accessToken":"tokentext"})", R"({"accessToken":"tokentext","expiresIn":-1})",
                           R"({"accessToken":"tokentext","expiresIn":99999999999})",
                           R"({"accessToken":"token\r\nx-evil: tokentext","expiresIn":10})", R"({"expiresIn":10})"}) {
    expect_at("AWS_ENDPOINT_URL_SSO_OIDC", {body, [&] { return answer(200, body); }, {Code::data_corrupted}});
  }
}

TEST_F(S3Sso, Faults) {
  write("config", "[default]\nsso_region = eu-west-1\nsso_start_url = u\nsso_account_id = 1\nsso_role_name = R\n");
  log_in("u", hours(1), "tokentext");
  for (const ServiceFault& fault : faults_of(role("S"))) expect_at("AWS_ENDPOINT_URL_SSO", fault);
  Double refusing([](const auto&) { return answer(401, R"({"message":"Session token not found or invalid"})"); });
  set("AWS_ENDPOINT_URL_SSO", refusing.url());
  auto got = look_up();
  EXPECT_NE(got.error().message().find("refused; run: aws sso login"), std::string::npos) << got.error().to_string();
}

}  // namespace
}  // namespace orlop::s3
