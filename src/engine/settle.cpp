#include "engine/settle.h"

#include <algorithm>

#include "engine/payload_checksum.h"
#include "wire/encoding.h"

namespace orlop::engine {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// HTTP dates know whole seconds, and the clocks differ: AWS accepts requests up to 15 minutes off
// (RequestTimeTooSkewed).
constexpr seconds date_resolution{2};
constexpr minutes largest_skew{15};

// Equal content: was it written by these attempts?
Outcome judge_time(const Meta& present, SystemTime began) {
  if (!present.modified || *present.modified >= began - date_resolution) return Outcome::done;
  return *present.modified < began - largest_skew ? Outcome::not_done : Outcome::unclear;
}

Outcome judge_equal(bool equal, const Meta& present, SystemTime began) {
  return equal ? judge_time(present, began) : Outcome::not_done;
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// The etag of an S3 object sent with one unencrypted PutObject is its MD5 in hexadecimal digits ("Object", Amazon S3
// API Reference). Under SSE-KMS it looks the same and is not.
std::string_view md5_of_etag(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  bool looks_like_it = etag.size() == 32 && std::all_of(etag.begin(), etag.end(), is_hex);
  return looks_like_it ? etag : std::string_view{};
}

}  // namespace

Result<Outcome> judge(const Attempted& attempted, const Meta& present) {
  if (present.size != attempted.payload.size()) return Outcome::not_done;
  if (present.checksum && present.checksum->algorithm != ChecksumAlgorithm::none) {
    ORLOP_ASSIGN(Checksum ours, checksum_of(attempted.payload, present.checksum->algorithm));
    return judge_equal(ours == *present.checksum, present, attempted.began);
  }
  if (std::string_view md5 = md5_of_etag(present.etag); !md5.empty()) {
    ORLOP_ASSIGN(Checksum ours, checksum_of(attempted.payload, ChecksumAlgorithm::md5));
    if (wire::encode_hex(as_bytes(ours.bytes)) == md5) return judge_time(present, attempted.began);
  }
  bool older = present.modified && *present.modified < attempted.began - largest_skew;
  return older ? Outcome::not_done : Outcome::unclear;
}

Outcome judge_copy(const Meta& source, const Meta& copy, SystemTime began) {
  if (source.size != copy.size) return Outcome::not_done;
  if (source.checksum && copy.checksum && source.checksum->algorithm == copy.checksum->algorithm) {
    return judge_equal(source.checksum->bytes == copy.checksum->bytes, copy, began);
  }
  if (!source.etag.empty() && source.etag == copy.etag) return judge_time(copy, began);
  return Outcome::unclear;
}

}  // namespace orlop::engine
