#include "backends/s3/reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "backends/s3/attrs.h"
#include "backends/s3/bandwidth.h"
#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/encoding.h"
#include "wire/number.h"

namespace orlop::s3 {
namespace {

// A server that ignores the range is read up to it if that is near; further away it is refused.
constexpr std::uint64_t skip_limit = 8ULL << 20;

void add_conditions(const Conditions& conditions, std::vector<wire::Field>& headers) {
  if (!conditions.if_match.empty()) headers.emplace_back("if-match", conditions.if_match);
  if (!conditions.if_none_match.empty()) headers.emplace_back("if-none-match", conditions.if_none_match);
  if (conditions.if_modified_since) {
    headers.emplace_back("if-modified-since", wire::format_http_date(*conditions.if_modified_since));
  }
  if (conditions.if_unmodified_since) {
    headers.emplace_back("if-unmodified-since", wire::format_http_date(*conditions.if_unmodified_since));
  }
}

Result<void> check_etags(const Conditions& conditions) {
  if (valid_header_value(conditions.if_match) && valid_header_value(conditions.if_none_match)) return {};
  return Error(Code::invalid_argument, "an etag holds characters no header can carry");
}

Result<Request> access_request(std::string_view operation, std::string_view method, std::string_view key,
                               const Conditions& conditions, std::string_view version, const StringMap* provider) {
  ORLOP_TRY(check_etags(conditions));
  Request request{.operation = operation, .method = method, .key = key};
  if (!version.empty()) request.query.emplace_back("versionId", version);
  add_conditions(conditions, request.headers);
  if (provider) ORLOP_TRY(add_parameters(*provider, Use::access, request.headers, request.query));
  return request;
}

// A checksum of the whole content, if the service told one that we asked for.
std::optional<Checksum> checksum_of(const net::HttpHeaders& headers) {
  if (headers.get("x-amz-checksum-type") == "COMPOSITE") return std::nullopt;
  for (const auto& [algorithm, name] : checksum_headers) {
    std::string_view told = headers.get(name);
    if (told.empty()) continue;
    // Composite sums of older services end in "-N", which is no base64.
    if (auto bytes = wire::decode_base64(told)) return Checksum{algorithm, *bytes};
  }
  return std::nullopt;
}

// What to compare the content with: the service's checksum, else an ETag that is known to be an MD5.
std::optional<Checksum> expected_sum(const Meta& meta, const Dialect& dialect) {
  if (meta.checksum) return meta.checksum;
  bool encrypted = meta.attrs.provider.contains("ServerSideEncryption");
  if (!dialect.md5_etag || encrypted || meta.etag.size() != 34) return std::nullopt;
  auto bytes = wire::decode_hex(std::string_view(meta.etag).substr(1, 32));
  if (!bytes) return std::nullopt;
  return Checksum{ChecksumAlgorithm::md5, *bytes};
}

// Every S3 service sends an ETag with an object, or (S3Proxy, with directories) at least the number of the request and
// a date; pages of something in between do not, nor do documents that tell of an error.
Result<Meta> object_meta(const net::HttpResponse& response) {
  Meta meta = meta_of(response.headers());
  if (meta.etag.empty() && !(response.headers().has("x-amz-request-id") && meta.modified))
    return wrong_answer(response.status(), "the answer has no ETag");
  return meta;
}

struct ContentRange {
  std::uint64_t first = 0, last = 0, total = 0;
};

// RFC 9110 section 14.4: "bytes 0-4/11".
std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view unit = "bytes ";
  std::size_t dash = text.find('-'), slash = text.find('/');
  if (!text.starts_with(unit) || dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) {
    return std::nullopt;
  }
  auto first = wire::parse_number(text.substr(unit.size(), dash - unit.size()));
  auto last = wire::parse_number(text.substr(dash + 1, slash - dash - 1));
  auto total = wire::parse_number(text.substr(slash + 1));
  if (!first || !last || !total || *last < *first || *last >= *total) return std::nullopt;
  return ContentRange{*first, *last, *total};
}

// No object reaches this far, and some servers fail at the largest number they can hold.
std::uint64_t last_byte(const Range& range) {
  constexpr std::uint64_t largest = std::uint64_t{1} << 53;
  std::uint64_t steps = std::max<std::uint64_t>(range.length(), 1) - 1;
  return range.offset() > largest || steps > largest - range.offset() ? std::max(range.offset(), largest)
                                                                      : range.offset() + steps;
}

std::string range_header(const Range& range) {
  switch (range.kind()) {
    case Range::Kind::all:
      return {};
    case Range::Kind::from:
      return fmt::format("bytes={}-", range.offset());
    // A piece of no bytes cannot be asked for; the first one tells whether it could be.
    case Range::Kind::bounded:
      return fmt::format("bytes={}-{}", range.offset(), last_byte(range));
    case Range::Kind::suffix:
      return fmt::format("bytes=-{}", range.length());
  }
  return {};
}

// Where the wanted bytes are in the answer.
struct Plan {
  Meta meta;
  std::uint64_t skip = 0;    // bytes of the body before them
  std::uint64_t length = 0;  // of them
  bool whole = false;        // the body is the whole object, from its first byte to its last
};

Result<Plan> plan_whole(const net::HttpResponse& response, const Range& range) {
  Plan plan;
  ORLOP_ASSIGN(plan.meta, object_meta(response));
  auto size = wire::parse_number(response.headers().get("content-length"));
  if (!size) return wrong_answer(response.status(), "the answer does not say how long the object is");
  plan.meta.size = *size;
  ORLOP_ASSIGN(Range::Extent extent, range.resolve(*size));
  if (extent.begin > skip_limit) return wrong_answer(response.status(), "the service ignored the range asked for");
  plan.skip = extent.begin;
  plan.length = extent.end - extent.begin;
  plan.whole = plan.length == *size;
  if (plan.whole) plan.meta.checksum = checksum_of(response.headers());
  return plan;
}

Result<Plan> plan_part(const net::HttpResponse& response, const Range& range) {
  Plan plan;
  ORLOP_ASSIGN(plan.meta, object_meta(response));
  auto got = parse_content_range(response.headers().get("content-range"));
  if (!got) return wrong_answer(response.status(), "the answer does not say which range it is");
  plan.meta.size = got->total;
  ORLOP_ASSIGN(Range::Extent extent, range.resolve(got->total));
  std::uint64_t wanted_end = std::max(extent.end, extent.begin + 1);  // of an empty piece one byte was asked for
  if (got->first != extent.begin || got->last + 1 != wanted_end) {
    return wrong_answer(response.status(), "the answer is another range than the one asked for");
  }
  auto length = wire::parse_number(response.headers().get("content-length"));
  if (length && *length != got->last - got->first + 1) {
    return wrong_answer(response.status(), "the answer's length is not that of its range");
  }
  plan.length = extent.end - extent.begin;
  return plan;
}

class BodyReader final : public Reader {
 public:
  BodyReader(std::unique_ptr<net::HttpResponse> response, Plan plan, std::optional<Checksum> expected)
      : response_(std::move(response)), plan_(std::move(plan)), expected_(std::move(expected)) {
    if (expected_) summer_.emplace(expected_->algorithm);
    if (plan_.length == 0) (void)finish();
  }

  const Meta& meta() const noexcept override { return plan_.meta; }

  Result<std::size_t> read(MutableBytes out) override {
    if (failed_) return *failed_;
    auto n = read_some(out);
    if (!n) {
      failed_ = n.error();
      response_.reset();
    }
    return n;
  }

 private:
  Result<std::size_t> read_some(MutableBytes out) {
    if (plan_.skip > 0) ORLOP_TRY(skip());
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), plan_.length - done_)));
    if (out.empty()) return std::size_t{0};
    ORLOP_ASSIGN(std::size_t n, response_->read(out));
    if (n == 0) return ended_early();
    if (summer_) summer_->update(out.first(n));
    done_ += n;
    if (done_ == plan_.length) ORLOP_TRY(finish());
    return n;
  }

  Result<void> skip() {
    std::array<std::byte, 16384> block;
    while (plan_.skip > 0) {
      auto piece = MutableBytes(block).first(std::min<std::uint64_t>(block.size(), plan_.skip));
      ORLOP_ASSIGN(std::size_t n, response_->read(piece));
      if (n == 0) return ended_early();
      plan_.skip -= n;
    }
    return {};
  }

  // The last bytes are given out only when the sum is right. The connection goes back to the pool at once.
  Result<void> finish() {
    drain(*response_);
    response_.reset();
    if (summer_ && summer_->finish() != *expected_) {
      return Error(Code::data_corrupted,
                   fmt::format("the content does not have the {} the service told", to_string(expected_->algorithm)));
    }
    return {};
  }

  Error ended_early() const {
    return Error(Code::data_corrupted, fmt::format("the answer ended after {} of {} bytes", done_, plan_.length),
                 Retry::safe);
  }

  std::unique_ptr<net::HttpResponse> response_;
  Plan plan_;
  std::optional<Checksum> expected_;
  std::optional<wire::Checksummer> summer_;
  std::uint64_t done_ = 0;
  std::optional<Error> failed_;
};

std::uint64_t expected_length(const Range& range) {
  bool limited = range.kind() == Range::Kind::bounded || range.kind() == Range::Kind::suffix;
  return limited ? range.length() : 0;
}

}  // namespace

Result<Meta> stat_object(Client& client, const Context& context, const StatRequest& request) {
  ORLOP_ASSIGN(Request head, access_request("HeadObject", "HEAD", request.key, request.conditions, request.version,
                                            request.provider));
  if (client.config().verify_downloads && request.checksum) head.headers.emplace_back("x-amz-checksum-mode", "ENABLED");
  ORLOP_ASSIGN(auto response, client.send(context, head));
  ORLOP_ASSIGN(Meta meta, object_meta(*response));
  auto size = wire::parse_number(response->headers().get("content-length"));
  if (!size) return wrong_answer(response->status(), "the answer does not say how long the object is");
  meta.size = *size;
  meta.checksum = checksum_of(response->headers());
  drain(*response);
  return meta;
}

Result<std::unique_ptr<Reader>> read_object(Client& client, const Context& context, const ReadRequest& request) {
  if (request.range.kind() == Range::Kind::suffix && request.range.length() == 0) {
    // HTTP cannot ask for nothing; whether the object is there has to be said all the same.
    ORLOP_ASSIGN(Meta meta,
                 stat_object(client, context, {request.key, request.conditions, request.version, request.provider}));
    return request.range.resolve(meta.size).error();
  }
  ORLOP_ASSIGN(Request get,
               access_request("GetObject", "GET", request.key, request.conditions, request.version, request.provider));
  bool whole = request.range.kind() == Range::Kind::all;
  if (!whole) {
    get.headers.emplace_back("range", range_header(request.range));
    get.other_status = 206;
  } else if (client.config().verify_downloads) {
    get.headers.emplace_back("x-amz-checksum-mode", "ENABLED");
  }
  get.answer_size = expected_length(request.range);
  ORLOP_ASSIGN(auto response, client.send(context, get));
  auto plan = response->status() == 206 ? plan_part(*response, request.range) : plan_whole(*response, request.range);
  if (!plan) return std::move(plan).error();
  std::optional<Checksum> expected;
  if (plan->whole) expected = expected_sum(plan->meta, client.dialect());
  auto body = limit_download(std::move(response), context, client.config().bandwidth);
  return std::make_unique<BodyReader>(std::move(body), *std::move(plan), std::move(expected));
}

}  // namespace orlop::s3
