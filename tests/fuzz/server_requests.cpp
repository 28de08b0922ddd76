// What the development server reads of strangers: targets, the aws-chunked coding, forms, policies, faults.
#include <algorithm>
#include <array>
#include <cstring>

#include "input.h"
#include "server/aws_chunked.h"
#include "server/facts.h"
#include "server/faults.h"
#include "server/form.h"
#include "server/operation.h"
#include "server/policy.h"
#include "server/testing_source.h"

namespace server = orlop::server;

namespace {

void read_to_end(server::ByteSource& source, std::size_t limit) {
  std::array<std::byte, 4096> block;
  std::size_t total = 0;
  for (;;) {
    auto count = source.read(block);
    if (!count || *count == 0) return;
    MUST(*count <= block.size());
    total += *count;
    MUST(total <= limit);
  }
}

void parse_target(std::string_view text) {
  server::RequestHead head;
  head.method = "PUT";
  head.target = "/" + std::string(text);
  auto request = server::parse_request(std::move(head));
  if (!request) return;
  MUST(request->key.size() <= server::longest_key);
  MUST(server::valid_utf8(request->key));
  (void)server::find_operation(*request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = text_of(data, size);
  std::size_t step = size > 0 ? 1 + data[0] : 1;
  parse_target(text);
  for (bool trailers : {false, true}) {
    server::TextSource source(text, step);
    server::AwsChunkedBody body(source, nullptr, trailers);
    read_to_end(body, size);
  }
  server::TextSource source(text, step);
  if (auto form = server::Form::open(source, "multipart/form-data; boundary=b")) {
    (*form)->expect(0, size, {});
    read_to_end(**form, size);
  }
  (void)server::check_policy(text, {});
  if (auto facts = server::decode_facts(text)) MUST(server::decode_facts(server::encode_facts(*facts)));
  server::Faults faults;
  (void)faults.set(text);
  return 0;
}
