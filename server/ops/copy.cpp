// CopyObject.
#include "server/ops/common.h"
#include "wire/checksum.h"
#include "wire/date.h"

namespace orlop::server::ops {
namespace {

constexpr std::uint64_t largest_copy = 5ULL << 30;  // bytes; larger ones are copied in parts

// COPY or REPLACE. Errors: InvalidArgument.
Result<bool> replaces(const Request& request, std::string_view header) {
  std::string_view directive = request.header(header);
  if (directive.empty() || directive == "COPY") return false;
  if (directive == "REPLACE") return true;
  return s3_error("InvalidArgument", "Unknown directive, expecting COPY or REPLACE");
}

Result<Checksum> checksum_of(Objects& objects, const std::string& key, ChecksumAlgorithm algorithm) {
  ORLOP_ASSIGN(OpenObject opened, objects.open(key, Range::all()));
  wire::Checksummer checksummer(algorithm);
  std::vector<std::byte> block(256 * 1024);
  for (;;) {
    ORLOP_ASSIGN(std::size_t count, opened.reader->read(block));
    if (count == 0) return checksummer.finish();
    checksummer.update(Bytes(block).first(count));
  }
}

// The checksum algorithm the copy shall have, when the client names one.
Result<void> choose_checksum(const Request& request, Objects& source, const std::string& key, Facts& facts) {
  std::string_view name = request.header("x-amz-checksum-algorithm");
  auto algorithm = parse_checksum_name(name);
  if (name.empty() || (algorithm && *algorithm == facts.checksum.algorithm && facts.composite_parts == 0)) return {};
  if (!algorithm) return s3_error("InvalidRequest", "Checksum algorithm provided is unsupported.");
  ORLOP_ASSIGN(facts.checksum, checksum_of(source, key, *algorithm));
  facts.composite_parts = 0;
  return {};
}

struct Changes {
  bool metadata;
  bool tags;
  Attrs attrs;
  Facts facts;
};

Result<Changes> changes_in(const Request& request, const OwnNames& own) {
  Changes changes{};
  ORLOP_ASSIGN(changes.metadata, replaces(request, "x-amz-metadata-directive"));
  ORLOP_ASSIGN(changes.tags, replaces(request, "x-amz-tagging-directive"));
  ORLOP_ASSIGN(changes.attrs, attrs_in(request.headers, own));
  ORLOP_ASSIGN(changes.facts, facts_in(request.headers));
  return changes;
}

}  // namespace

Result<Reply> copy_object(Call& call) {
  const Request& request = call.request;
  ORLOP_ASSIGN(CopySource source, copy_source(request));
  ORLOP_ASSIGN(Objects from, call.bucket(source.bucket, source.key));
  ORLOP_ASSIGN(Objects to, call.bucket());
  ORLOP_ASSIGN(Changes changes, changes_in(request, to.own()));
  ORLOP_ASSIGN(WriteConditions conditions, write_conditions(request));
  bool itself = source.bucket == request.bucket && source.key == request.key;
  auto rewrite = [&](const Object& object, Attrs& attrs, Facts& facts) -> Result<void> {
    ORLOP_TRY(check_read_conditions(request, "x-amz-copy-source-", object, call.details));
    if (object.meta.size > largest_copy) {
      return s3_error(
          "InvalidRequest",
          "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120");
    }
    bool same_class = changes.facts.storage_class == facts.storage_class || !request.headers.has("x-amz-storage-class");
    if (itself && !changes.metadata && same_class) {
      return s3_error(
          "InvalidRequest",
          "This copy request is illegal because it is trying to copy an object to itself without changing the "
          "object's metadata, storage class, website redirect location or encryption attributes.");
    }
    if (changes.metadata) attrs = changes.attrs;
    if (changes.tags) facts.tags = changes.facts.tags;
    // ACL and storage class are never copied.
    facts.acl = changes.facts.acl;
    facts.storage_class = changes.facts.storage_class;
    return choose_checksum(request, from, source.key, facts);
  };
  ORLOP_ASSIGN(Object object, to.copy(from, source.key, request.key, rewrite, conditions));
  XmlAnswer answer("CopyObjectResult");
  add(answer.root(), "LastModified", wire::format_iso8601(object.meta.modified.value_or(SystemTime{})));
  add(answer.root(), "ETag", object.meta.etag);
  add_checksum(answer.root(), object.facts);
  return xml_reply(answer);
}

}  // namespace orlop::server::ops
