#include "backends/s3/credentials/sso.h"

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
