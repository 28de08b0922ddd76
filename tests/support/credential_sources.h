// Credentials as services give them, the faults of services, and looking for credentials among them.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backends/s3/credentials/sources.h"
#include "tests/support/credentials.h"

namespace orlop::s3 {

inline std::string keys_json(const std::string& id, std::chrono::seconds life = std::chrono::hours(1)) {
  return fmt::format(
      R"({{"AccessKeyId":"{}","SecretAccessKey":"topsecret","Token":"tokentext","Expiration":"{}","Code":"Success"}})",
      id, in(life));
}

inline Result<std::shared_ptr<const Credentials>> look_up(const std::string& profile = "") {
  return std::make_shared<CredentialChain>(default_sources({.profile = profile}))->get();
}

// Of any service: faults, and what comes of them. None may hang, nor print what it should not.
struct ServiceFault {
  const char* name;
  std::function<std::string()> give;
  std::vector<Code> codes;
};

inline std::vector<ServiceFault> faults_of(const std::string& good) {
  return {
      {"server error", [] { return answer(500, "tokentext"); }, {Code::unavailable}},
      {"refusal", [] { return answer(403, "{\"message\":\"tokentext\"}"); }, {Code::unauthenticated}},
      {"login page", [] { return answer(200, "<html>tokentext</html>", "text/html"); }, {Code::data_corrupted}},
      {"nothing", [] { return answer(200, ""); }, {Code::data_corrupted}},
      {"half an answer", [good] { return answer(200, good.substr(0, good.size() / 2)); }, {Code::data_corrupted}},
      {"a cut connection",
       [] { return std::string("CUT HTTP/1.1 200 X\r\nContent-Length: 900\r\n\r\n{"); },
       {Code::data_corrupted, Code::timeout, Code::unavailable}},
      {"a huge body", [] { return answer(200, std::string(300'000, 'x')); }, {Code::data_corrupted}},
      {"no HTTP", [] { return std::string("CUT +OK pop3 ready\r\n\r\n"); }, {Code::data_corrupted, Code::unavailable}},
  };
}

inline void expect_fault(const ServiceFault& fault, const Result<std::shared_ptr<const Credentials>>& got) {
  SCOPED_TRACE(fault.name);
  ASSERT_FALSE(got);
  EXPECT_NE(std::ranges::find(fault.codes, got.error().code()), fault.codes.end()) << got.error().to_string();
  std::string text = got.error().to_string();
  for (std::string secret : {"topsecret", "tokentext", "jwtjwt"}) {
    EXPECT_EQ(text.find(secret), std::string::npos) << text;
  }
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

class S3Sources : public CleanEnvironment {
 protected:
  void set_keys() {
    set("AWS_ACCESS_KEY_ID", "ENV");
    set("AWS_SECRET_ACCESS_KEY", "s");
  }
  // A service with this fault, whose address the variable tells.
  void expect_at(const std::string& variable, const ServiceFault& fault, const std::string& path = "") {
    Double service([&](const auto&) { return fault.give(); });
    set(variable, service.url(path));
    expect_fault(fault, look_up());
  }
};

}  // namespace orlop::s3
