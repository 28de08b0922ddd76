// Answers of an S3 service that may be anything: a proxy's page, half a document, a hostile one.
#include "backends/s3/bucket_wire.h"
#include "backends/s3/errors.h"
#include "backends/s3/wire.h"
#include "input.h"
#include "net/http.h"

namespace s3 = orlop::s3;

namespace {

// Everything that is not the document asked for is an error of one line.
template <class T>
void check(const orlop::Result<T>& reply) {
  if (!reply) MUST(reply.error().to_string().find('\n') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = text_of(data, size);

  check(s3::parse_list(body));
  check(s3::parse_delete(body));
  check(s3::parse_upload_id(body));
  check(s3::parse_etag(body, "CompleteMultipartUploadResult"));
  check(s3::parse_parts(body));
  check(s3::parse_uploads(body));
  check(s3::parse_buckets(body));
  check(s3::parse_location(body));
  check(s3::parse_versioning(body));
  check(s3::parse_tags(body));
  check(s3::parse_versions(body));
  check(s3::check_empty(body));
  if (auto acl = s3::Acl::from_xml(body)) MUST(s3::Acl::from_xml(acl->to_xml()));

  const orlop::net::HttpHeaders headers;
  const orlop::Error error = s3::to_error(s3::parse_fault(503, body, headers, false), "secret");
  MUST(error.to_string().find('\n') == std::string::npos);

  s3::decode_metadata(body);
  const std::string encoded = s3::encode_metadata(body);
  MUST(encoded.find_first_of("\r\n") == std::string::npos);
  return 0;
}
