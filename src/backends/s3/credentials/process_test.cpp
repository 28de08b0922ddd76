#include "backends/s3/credentials/process.h"

#include <sys/wait.h>

#include "tests/support/credential_sources.h"

namespace orlop::s3 {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class S3Process : public S3Sources {
 protected:
  void command(const std::string& text) { write("config", "[default]\ncredential_process = " + text + "\n"); }
  std::string script(const std::string& text) {
    std::string path = write("tool.sh", "#!/bin/sh\n" + text + "\n");
    ::chmod(path.c_str(), 0700);
    return path;
  }
};

TEST_F(S3Process, ACommandPrintsCredentials) {
  std::string path = script(R"(printf '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "s"}' "$2")");
  command("\"" + path + "\" --name 'MY KEY'");
  EXPECT_EQ(look_up().error().code(), Code::data_corrupted);  // a blank in a key
  command("\"" + path + "\" --name MY\\-KEY");
  auto found = look_up().value();
  EXPECT_EQ(found->access_key_id, "MY-KEY");
  EXPECT_FALSE(found->expires);
  // Keys of the credentials file come first, those of the config file after it.
  write("config",
        "[default]\naws_access_key_id = CONFIG\naws_secret_access_key = s\ncredential_process = " + path + " x P\n");
  EXPECT_EQ(look_up().value()->access_key_id, "P");
  write("credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  EXPECT_EQ(look_up().value()->access_key_id, "FILE");
}

TEST_F(S3Process, WhatEndsIsAskedForAgain) {
  command(script(fmt::format(
      R"(printf '{{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","Expiration":"{}"}}')",
      in(hours(1)))));
  auto found = look_up().value();
  EXPECT_TRUE(found->expires);
  EXPECT_EQ(found->session_token, "t");
  command(
      script(R"(printf '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"2001-01-01T00:00:00Z"}')"));
  EXPECT_EQ(look_up().error().code(), Code::unauthenticated);
}

TEST_F(S3Process, Faults) {
  for (std::string text : {"exit 3", "echo '{\"Version\":2}'", "echo 'AccessKeyId: tokentext'", "yes topsecret",
                           "echo '{\"Version\":1,\"AccessKeyId\":\"A\"}'", "kill -9 $$", "true",
                           "printf '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"topsecret\"'"}) {
    command(script(text));
    expect_fault({text.c_str(), {}, {Code::config_invalid, Code::data_corrupted}}, look_up());
  }
  command((directory_ / "nobody").string());
  expect_fault({"no program", {}, {Code::config_invalid}}, look_up());
  command("'open");
  expect_fault({"an open quote", {}, {Code::config_invalid}}, look_up());
}

TEST_F(S3Process, ACommandThatHangsIsStopped) {
  std::string mark = (directory_ / "alive").string();
  command(script("exec sleep 30"));
  auto chain = std::make_shared<CredentialChain>(default_sources({}));
  auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(chain->get(Context{}.with_timeout(std::chrono::milliseconds(300))).error().code(), Code::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(5));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // nobody is left behind
}

TEST(S3Command, IsSplitAsAShellDoes) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(split_command(R"(a "b c" d\ e 'f\g' "h\"i\j" "" k'l'm)").value(),
            (Words{"a", "b c", "d e", "f\\g", "h\"i\\j", "", "klm"}));
  EXPECT_FALSE(split_command("   "));
  EXPECT_FALSE(split_command("a 'b"));
}

}  // namespace
}  // namespace orlop::s3
