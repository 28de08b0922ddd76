// GetObject, HeadObject, PutObject, DeleteObject.
#include <fmt/format.h>

#include "server/ops/common.h"
#include "wire/percent.h"

namespace orlop::server::ops {
namespace {

constexpr std::string_view override_prefix = "response-";

// The part of an object a request is about.
struct Piece {
  Range::Extent extent;
  bool partial = false;
};

Result<Piece> part_piece(const Facts& facts, std::uint64_t size, std::uint64_t number) {
  if (facts.parts.empty() && number == 1) return Piece{{0, size}, true};
  auto extent = facts.part(number);
  if (!extent || extent->end > size) return s3_error("InvalidPartNumber");
  return Piece{*extent, true};
}

// If-Range (RFC 9110 section 13.1.5): the range counts only for the version the client knows.
bool range_applies(const Request& request, const Object& object) {
  std::string_view condition = request.header("if-range");
  if (condition.empty() || condition.starts_with('"'))
    return condition.empty() || etag_matches(condition, object.meta.etag);
  Headers described;
  describe_object(described, object);
  return described.get("last-modified") == condition;
}

Result<Piece> choose_piece(const Request& request, const Object& object) {
  std::uint64_t size = object.meta.size;
  if (const std::string* number = request.parameter("partNumber")) {
    ORLOP_ASSIGN(std::uint64_t part, parse_number(*number, "partNumber", 10'000));
    return part_piece(object.facts, size, part);
  }
  if (!range_applies(request, object)) return Piece{{0, size}, false};
  ORLOP_ASSIGN(auto extent, resolve_range(request.header("range"), size));
  return extent ? Piece{*extent, true} : Piece{{0, size}, false};
}

Result<void> check_access(Call& call, const Object& object) {
  if (!call.may_read(object.facts)) return s3_error("AccessDenied");
  return check_read_conditions(call.request, "", object, call.details);
}

// response-content-type=... and its like replace headers of the answer.
Result<void> apply_overrides(const Call& call, Headers& headers) {
  for (const auto& [name, value] : call.request.parameters) {
    if (!name.starts_with(override_prefix)) continue;
    if (call.identity.anonymous) {
      return s3_error("InvalidRequest", "Request specific response headers cannot be used for anonymous GET requests.");
    }
    headers.set(name.substr(override_prefix.size()), value);
  }
  return {};
}

Result<Reply> describe_reply(const Call& call, const Object& object, const Piece& piece) {
  Reply reply;
  describe_object(reply.headers, object);
  reply.headers.add("accept-ranges", "bytes");
  bool whole = piece.extent.end - piece.extent.begin == object.meta.size;
  if (whole && same_text(call.request.header("x-amz-checksum-mode"), "ENABLED"))
    add_checksum(reply.headers, object.facts);
  if (call.request.parameter("partNumber") && !object.facts.parts.empty()) {
    reply.headers.add("x-amz-mp-parts-count", std::to_string(object.facts.part_count()));
  }
  ORLOP_TRY(apply_overrides(call, reply.headers));
  reply.stream_size = piece.extent.end - piece.extent.begin;
  if (piece.partial) {
    reply.status = 206;
    std::uint64_t last = piece.extent.end == 0 ? 0 : piece.extent.end - 1;
    reply.headers.add("content-range", fmt::format("bytes {}-{}/{}", piece.extent.begin, last, object.meta.size));
  }
  return reply;
}

// Headers of errors that describe the object all the same.
Error explain(Call& call, Error error, const Object& object) {
  if (error.service_code() == "NotModified") call.details.emplace_back("ETag", object.meta.etag);
  if (error.service_code() == "InvalidRange") {
    call.details.emplace_back("RangeRequested", call.request.header("range"));
    call.details.emplace_back("ActualObjectSize", std::to_string(object.meta.size));
  }
  return error;
}

Result<Reply> head_reply(Call& call, const Object& object) {
  if (auto access = check_access(call, object); !access) return explain(call, std::move(access).error(), object);
  auto piece = choose_piece(call.request, object);
  if (!piece) return explain(call, std::move(piece).error(), object);
  return describe_reply(call, object, *piece);
}

// The anonymous learn nothing of what they may not read, its absence included.
Error hide_from_anonymous(const Call& call, const Error& error) {
  bool missing = error.code() == Code::not_found && call.identity.anonymous && !call.is_public_bucket();
  return missing ? s3_error("AccessDenied") : error;
}

bool needs_object_first(const Request& request) {
  return request.headers.has("if-range") || request.parameter("partNumber");
}

// One request to the driver for the usual reads: whole objects and ranges that begin inside.
Result<Reply> read_directly(Call& call, Objects& objects) {
  auto range = parse_range(call.request.header("range"));
  ORLOP_ASSIGN(OpenObject opened, objects.open(call.request.key, range.value_or(Range::all())));
  ORLOP_ASSIGN(Reply reply, head_reply(call, opened.object));
  reply.stream = std::move(opened.reader);
  return reply;
}

Result<Reply> read_after_stat(Call& call, Objects& objects) {
  ORLOP_ASSIGN(Object object, objects.stat(call.request.key));
  ORLOP_ASSIGN(Reply reply, head_reply(call, object));
  ORLOP_ASSIGN(Piece piece, choose_piece(call.request, object));
  Range range =
      piece.partial ? Range::bounded(piece.extent.begin, piece.extent.end - piece.extent.begin) : Range::all();
  if (piece.extent.begin == piece.extent.end) range = Range::all();  // an empty part: nothing is read of it
  ORLOP_ASSIGN(OpenObject opened, objects.open(call.request.key, range));
  if (opened.object.meta.etag != object.meta.etag) return s3_error("InternalError");  // replaced meanwhile; ask again
  reply.stream = std::move(opened.reader);
  return reply;
}

}  // namespace

Result<Reply> get_object(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  auto reply = needs_object_first(call.request) ? read_after_stat(call, objects) : read_directly(call, objects);
  // The size that a 416 tells, and conditions, which come before it, take a look at the object.
  if (!reply && reply.error().code() == Code::range_not_satisfiable && call.details.empty()) {
    reply = read_after_stat(call, objects);
  }
  if (!reply) return hide_from_anonymous(call, std::move(reply).error());
  return reply;
}

Result<Reply> head_object(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  auto object = objects.stat(call.request.key);
  if (!object) return hide_from_anonymous(call, std::move(object).error());
  return head_reply(call, *object);
}

Result<Reply> put_object(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  ORLOP_ASSIGN(Attrs attrs, attrs_in(call.request.headers, objects.own()));
  ORLOP_ASSIGN(Facts facts, facts_in(call.request.headers));
  ORLOP_ASSIGN(WriteConditions conditions, write_conditions(call.request));
  ORLOP_ASSIGN(auto body, UploadBody::open(call.raw_body, call.request, call.identity));
  ORLOP_ASSIGN(Object object, objects.store(call.request.key, attrs, std::move(facts), *body, conditions));
  Reply reply;
  reply.headers.add("etag", object.meta.etag);
  add_checksum(reply.headers, object.facts);
  return reply;
}

Result<Reply> delete_object(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  WriteConditions conditions{.absent = false, .if_match = std::string(call.request.header("if-match"))};
  ORLOP_TRY(objects.remove(call.request.key, conditions));
  return no_content();
}

}  // namespace orlop::server::ops
