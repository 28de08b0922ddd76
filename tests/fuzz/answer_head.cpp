// The header block of an HTTP answer, line by line, as the network gives it.
#include "net/answer_head.h"

#include "input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = text_of(data, size);
  orlop::net::AnswerHead head;
  while (!rest.empty()) {
    const std::size_t length = std::min(rest.find('\n'), rest.size() - 1) + 1;
    if (!head.take(rest.substr(0, length))) return 0;
    rest.remove_prefix(length);
  }
  if (head.complete()) MUST(head.status() >= 200 && head.status() <= 999);
  static_cast<void>(head.is_delimited(false));
  return 0;
}
