// Faults by name, for requests that a script or a header chooses. The grammar is in docs/serve.md.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "orlop/context.h"
#include "orlop/result.h"

namespace orlop::server {

enum class FaultKind : std::uint8_t {
  status,            // an error of that HTTP status, nothing done
  slow_down,         // 503 SlowDown with Retry-After
  expire_token,      // 400 ExpiredToken
  redirect_region,   // 301 to the right region, for requests signed for another
  error_body,        // 200 whose body is an error, nothing done
  login_page,        // 200 text/html, nothing done
  empty_body,        // 200 without a body, nothing done
  stall,             // done nothing, said nothing
  stall_after,       // silence after that many bytes of the body
  drop_after,        // the connection ends after that many bytes of the body
  corrupt_body,      // one bit of the body is wrong
  trickle,           // the answer's body a byte at a time
  lost_answer,       // done, but the connection ends instead of the answer
  truncate_headers,  // done, but the answer ends inside its head
  ignore_range,      // a ranged request is answered with 200 and everything
};

struct Fault {
  FaultKind kind{};
  std::uint64_t bytes = 0;   // drop_after, stall_after
  int status = 0;            // status
  Milliseconds duration{0};  // stall (how long; 0: until the client leaves), trickle (between bytes)
  int times = 0;             // how often; 0: always
};

// "drop-after-256K", "503-twice", ... Errors: invalid_argument.
Result<Fault> parse_fault(std::string_view name);

// `*` stands for any run of characters, `?` for one.
bool glob_matches(std::string_view pattern, std::string_view text) noexcept;

// Thread-safe.
class Faults {
 public:
  // Replaces what there was. Errors: invalid_argument naming the line; then nothing is replaced.
  Result<void> set(std::string_view script);

  // The fault for one request, if any: the header's, else that of the first rule that fits and is not used up.
  // Errors: invalid_argument for a header that names no fault.
  Result<std::optional<Fault>> choose(std::string_view operation, std::string_view method, const std::string& path,
                                      std::string_view header);

 private:
  struct Rule {
    std::string operation;  // empty: any
    std::string method;     // empty or "*": any
    std::string pattern;    // of "/bucket/key"; empty: any
    Fault fault;
    int left = 0;
  };
  static Result<Rule> parse_rule(std::string_view line);

  std::mutex mutex_;
  std::vector<Rule> rules_;
  std::unordered_map<std::string, int> header_uses_;  // by fault, method and path
};

}  // namespace orlop::server
