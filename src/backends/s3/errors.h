// What a service's refusal means: status and code become Code and Retry, in one table.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "orlop/error.h"

namespace orlop::net {
class HttpHeaders;
}

namespace orlop::s3 {

// The four members of an <Error> that may be looked at. Bodies also hold keys, tokens and strings to sign.
struct Fault {
  int status = 0;
  std::string code{};
  std::string message{};
  std::string request_id{};
  std::string region{};
  std::chrono::seconds retry_after{0};
  bool spoke_s3 = false;  // the body was an S3 error document (or, for HEAD, there was none to have)
};

// Reads an answer that is not what was asked for. `body` may be anything; empty for HEAD.
Fault parse_fault(int status, std::string_view body, const net::HttpHeaders& headers, bool head);

// `secret`: a text that must not appear in the message although the service may repeat it.
Error to_error(const Fault& fault, std::string_view secret = {});

// An answer of the wrong kind: a proxy's login page, a status nobody asked for, a missing member. The request may
// have taken effect. Retried where it can be.
Error wrong_answer(int status, std::string_view what);

}  // namespace orlop::s3
