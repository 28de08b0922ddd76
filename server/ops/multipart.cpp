// CreateMultipartUpload, UploadPart, UploadPartCopy, CompleteMultipartUpload, AbortMultipartUpload, ListParts,
// ListMultipartUploads.
#include <fmt/format.h>

#include <algorithm>

#include "server/ops/common.h"
#include "server/uploads.h"
#include "wire/date.h"
#include "wire/encoding.h"
#include "wire/percent.h"

namespace orlop::server::ops {
namespace {

constexpr std::uint64_t most_parts = 10'000;
constexpr std::uint64_t smallest_part = 5 << 20;  // of all but the last
constexpr std::uint64_t largest_part = 5ULL << 30;
constexpr std::uint64_t page_size = 1000;

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html: which type goes with
// which algorithm, and which is meant when none is named.
Result<void> choose_checksum(const Request& request, Upload& upload) {
  std::string_view name = request.header("x-amz-checksum-algorithm");
  std::string_view type = request.header("x-amz-checksum-type");
  if (!name.empty()) {
    auto algorithm = parse_checksum_name(name);
    if (!algorithm) return s3_error("InvalidRequest", "Checksum algorithm provided is unsupported.");
    upload.algorithm = *algorithm;
    upload.algorithm_chosen = true;
  } else if (!type.empty()) {
    return s3_error("InvalidRequest",
                    "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
  }
  bool never_composite = upload.algorithm == ChecksumAlgorithm::crc64nvme;
  bool always_composite = upload.algorithm == ChecksumAlgorithm::sha1 || upload.algorithm == ChecksumAlgorithm::sha256;
  if (type.empty()) {
    upload.composite = !never_composite;
  } else if ((type != "COMPOSITE" && type != "FULL_OBJECT") ||
             (type == "COMPOSITE" ? never_composite : always_composite)) {
    return s3_error("InvalidRequest", fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.",
                                                  type, checksum_name(upload.algorithm)));
  } else {
    upload.composite = type == "COMPOSITE";
  }
  return {};
}

std::string_view type_name(const Upload& upload) { return upload.composite ? "COMPOSITE" : "FULL_OBJECT"; }

std::string upload_id(const Call& call) { return std::string(call.request.parameter_or("uploadId", "")); }

Result<std::uint32_t> part_number(const Request& request) {
  auto number = parse_number(request.parameter_or("partNumber", ""), "partNumber", most_parts);
  if (number && *number > 0) return static_cast<std::uint32_t>(*number);
  return s3_error("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive");
}

// Bytes of an object that become a part.
class CopiedPart final : public MeasuredSource {
 public:
  CopiedPart(std::unique_ptr<Reader> reader, std::uint64_t size, ChecksumAlgorithm algorithm)
      : reader_(std::move(reader)), size_(size), md5_(wire::HashAlgorithm::md5), checksummer_(algorithm) {}

  std::uint64_t size() const noexcept override { return size_; }
  const std::string& md5() const noexcept override { return md5_hex_; }
  const Checksum& checksum() const noexcept override { return checksum_; }

  Result<std::size_t> read(MutableBytes out) override {
    ORLOP_ASSIGN(std::size_t count, reader_ ? reader_->read(out) : Result<std::size_t>(0));
    md5_.update(Bytes(out).first(count));
    checksummer_.update(Bytes(out).first(count));
    if (count == 0) {
      md5_hex_ = md5_.finish().hex();
      checksum_ = checksummer_.finish();
    }
    return count;
  }

 private:
  std::unique_ptr<Reader> reader_;
  std::uint64_t size_;
  wire::Hash md5_;
  wire::Checksummer checksummer_;
  std::string md5_hex_;
  Checksum checksum_;
};

// "bytes=first-last", both within the source.
Result<Range::Extent> copied_range(const Request& request, const Object& source) {
  std::string_view header = request.header("x-amz-copy-source-range");
  if (header.empty()) return Range::Extent{0, source.meta.size};
  auto range = parse_range(header);
  bool open_end = header.ends_with('-');
  if (!range || range->kind() == Range::Kind::suffix || open_end) {
    return s3_error("InvalidArgument",
                    "The x-amz-copy-source-range value must be of the form bytes=first-last where first "
                    "and last are the zero-based offsets of the first and last bytes to copy");
  }
  if (range->offset() + range->length() > source.meta.size) {
    return s3_error("InvalidArgument",
                    fmt::format("Range specified is not valid for source object of size: {}", source.meta.size));
  }
  return Range::Extent{range->offset(), range->offset() + range->length()};
}

struct DemandedPart {
  std::uint32_t number;
  std::string etag;
  std::string checksum;  // base64, of the upload's algorithm; empty: not said
};

Result<std::vector<DemandedPart>> demanded_parts(const pugi::xml_document& document, ChecksumAlgorithm algorithm) {
  std::vector<DemandedPart> parts;
  std::string checksum_element = fmt::format("Checksum{}", checksum_name(algorithm));
  for (pugi::xml_node node : document.document_element().children("Part")) {
    auto number = parse_number(node.child_value("PartNumber"), "PartNumber", most_parts);
    std::string etag(trim(node.child_value("ETag")));
    if (!number || *number == 0 || etag.empty()) return s3_error("MalformedXML");
    if (!parts.empty() && *number <= parts.back().number) return s3_error("InvalidPartOrder");
    parts.push_back({static_cast<std::uint32_t>(*number), std::move(etag), node.child_value(checksum_element.c_str())});
  }
  if (parts.empty() || parts.size() > most_parts) return s3_error("MalformedXML");
  return parts;
}

// The uploaded parts that are demanded. Errors: InvalidPart, EntityTooSmall.
Result<std::vector<UploadedPart>> select(const std::vector<UploadedPart>& uploaded,
                                         const std::vector<DemandedPart>& demanded, Details& details) {
  std::vector<UploadedPart> parts;
  for (const DemandedPart& wanted : demanded) {
    auto found =
        std::find_if(uploaded.begin(), uploaded.end(), [&](const auto& part) { return part.number == wanted.number; });
    bool right = found != uploaded.end() && etag_matches(wanted.etag, found->md5) && wanted.etag != "*";
    if (right && !wanted.checksum.empty())
      right = wanted.checksum == wire::encode_base64(as_bytes(found->checksum.bytes));
    if (!right) {
      details.emplace_back("PartNumber", std::to_string(wanted.number));
      details.emplace_back("ETag", wanted.etag);
      return s3_error("InvalidPart");
    }
    if (!parts.empty() && parts.back().size < smallest_part) {
      details.emplace_back("PartNumber", std::to_string(parts.back().number));
      details.emplace_back("ProposedSize", std::to_string(parts.back().size));
      details.emplace_back("MinSizeAllowed", std::to_string(smallest_part));
      return s3_error("EntityTooSmall");
    }
    parts.push_back(*found);
  }
  return parts;
}

// What the client says the whole object will be must be what it is.
Result<void> check_whole(const Request& request, const Facts& facts) {
  std::string_view type = request.header("x-amz-checksum-type");
  if (!type.empty() && type != (facts.composite_parts > 0 ? "COMPOSITE" : "FULL_OBJECT")) {
    return s3_error("InvalidRequest", "The upload was created with another checksum type.");
  }
  if (std::string_view size = request.header("x-amz-mp-object-size"); !size.empty()) {
    ORLOP_ASSIGN(std::uint64_t announced, parse_number(size, "x-amz-mp-object-size", Limits::none - 1));
    if (announced != facts.size) {
      return s3_error("InvalidRequest",
                      fmt::format("The provided 'x-amz-mp-object-size' header value {} does not match what "
                                  "was computed: {}",
                                  announced, facts.size));
    }
  }
  std::string_view header = checksum_header(facts.checksum.algorithm);
  std::string_view announced = request.header(header);
  // Clients send a composite checksum with its "-<parts>" or without.
  bool right = announced == checksum_text(facts) || announced == wire::encode_base64(as_bytes(facts.checksum.bytes));
  if (announced.empty() || right) return {};
  return s3_error("BadDigest", fmt::format("The {} you specified did not match the calculated checksum.",
                                           checksum_name(facts.checksum.algorithm)));
}

std::string completed_answer(const Call& call, const Object& object) {
  XmlAnswer answer("CompleteMultipartUploadResult");
  add(answer.root(), "Location",
      fmt::format("http://{}/{}/{}", call.request.headers.get("host"), call.request.bucket,
                  wire::encode_path(call.request.key)));
  add(answer.root(), "Bucket", call.request.bucket);
  add(answer.root(), "Key", call.request.key);
  add(answer.root(), "ETag", object.meta.etag);
  add_checksum(answer.root(), object.facts);
  return answer.text();
}

Reply document_reply(std::string text) {
  Reply reply;
  reply.headers.add("content-type", "application/xml");
  reply.body = std::move(text);
  return reply;
}

}  // namespace

Result<Reply> create_multipart_upload(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  Upload upload;
  upload.key = call.request.key;
  ORLOP_ASSIGN(upload.attrs, attrs_in(call.request.headers, objects.own()));
  ORLOP_ASSIGN(upload.facts, facts_in(call.request.headers));
  ORLOP_TRY(choose_checksum(call.request, upload));
  ORLOP_ASSIGN(std::string id, Uploads(objects).begin(upload));
  XmlAnswer answer("InitiateMultipartUploadResult");
  add(answer.root(), "Bucket", call.request.bucket);
  add(answer.root(), "Key", call.request.key);
  add(answer.root(), "UploadId", id);
  Reply reply = xml_reply(answer);
  if (upload.algorithm_chosen) {
    reply.headers.add("x-amz-checksum-algorithm", checksum_name(upload.algorithm));
    reply.headers.add("x-amz-checksum-type", type_name(upload));
  }
  return reply;
}

Result<Reply> upload_part(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  Uploads uploads(objects);
  ORLOP_ASSIGN(std::uint32_t number, part_number(call.request));
  ORLOP_ASSIGN(Upload upload, uploads.find(upload_id(call), call.request.key));
  ORLOP_ASSIGN(auto body, UploadBody::open(call.raw_body, call.request, call.identity, upload.algorithm));
  ChecksumAlgorithm sent = body->client_algorithm();
  if (upload.algorithm_chosen && sent != ChecksumAlgorithm::none && sent != upload.algorithm) {
    return s3_error("InvalidRequest",
                    fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                                lower(checksum_name(upload.algorithm)), lower(checksum_name(sent))));
  }
  ORLOP_ASSIGN(UploadedPart part, uploads.put_part(upload, number, *body));
  Reply reply;
  reply.headers.add("etag", fmt::format("\"{}\"", part.md5));
  if (sent == upload.algorithm) {
    reply.headers.add(checksum_header(sent), wire::encode_base64(as_bytes(part.checksum.bytes)));
  }
  return reply;
}

Result<Reply> upload_part_copy(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  Uploads uploads(objects);
  ORLOP_ASSIGN(std::uint32_t number, part_number(call.request));
  ORLOP_ASSIGN(Upload upload, uploads.find(upload_id(call), call.request.key));
  ORLOP_ASSIGN(CopySource source, copy_source(call.request));
  ORLOP_ASSIGN(Objects from, call.bucket(source.bucket, source.key));
  ORLOP_ASSIGN(Object object, from.stat(source.key));
  ORLOP_TRY(check_read_conditions(call.request, "x-amz-copy-source-", object, call.details));
  ORLOP_ASSIGN(Range::Extent extent, copied_range(call.request, object));
  std::uint64_t size = extent.end - extent.begin;
  if (size > largest_part) return s3_error("EntityTooLarge");
  std::unique_ptr<Reader> reader;
  if (size > 0) {
    ORLOP_ASSIGN(OpenObject opened, from.open(source.key, Range::bounded(extent.begin, size)));
    if (opened.object.meta.etag != object.meta.etag) return s3_error("InternalError");  // replaced meanwhile; ask again
    reader = std::move(opened.reader);
  }
  CopiedPart content(std::move(reader), size, upload.algorithm);
  ORLOP_ASSIGN(UploadedPart part, uploads.put_part(upload, number, content));
  XmlAnswer answer("CopyPartResult");
  add(answer.root(), "LastModified", wire::format_iso8601(part.modified));
  add(answer.root(), "ETag", fmt::format("\"{}\"", part.md5));
  if (upload.algorithm_chosen) {
    add(answer.root(), fmt::format("Checksum{}", checksum_name(part.checksum.algorithm)).c_str(),
        wire::encode_base64(as_bytes(part.checksum.bytes)));
  }
  return xml_reply(answer);
}

Result<Reply> complete_multipart_upload(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  std::string id = upload_id(call);
  ORLOP_ASSIGN(std::string text, call.document(true));
  if (auto answer = call.services.finished.find(id)) return document_reply(*std::move(answer));
  Uploads uploads(objects);
  ORLOP_ASSIGN(Upload upload, uploads.find(id, call.request.key));
  pugi::xml_document document;
  ORLOP_TRY(parse_xml(text, "CompleteMultipartUpload", document));
  ORLOP_ASSIGN(auto demanded, demanded_parts(document, upload.algorithm));
  ORLOP_ASSIGN(WriteConditions conditions, write_conditions(call.request));
  ORLOP_ASSIGN(auto uploaded, uploads.parts(upload));
  ORLOP_ASSIGN(auto parts, select(uploaded, demanded, call.details));
  ORLOP_TRY(check_whole(call.request, Uploads::facts_of(upload, parts)));
  ORLOP_ASSIGN(Object object, uploads.complete(upload, parts, conditions));
  std::string answer = completed_answer(call, object);
  call.services.finished.remember(id, answer);
  return document_reply(std::move(answer));
}

Result<Reply> abort_multipart_upload(Call& call) {
  ORLOP_ASSIGN(Objects objects, call.bucket());
  Uploads uploads(objects);
  ORLOP_ASSIGN(Upload upload, uploads.find(upload_id(call), call.request.key));
  ORLOP_TRY(uploads.remove(upload.id));
  return no_content();
}

Result<Reply> list_parts(Call& call) {
  const Request& request = call.request;
  ORLOP_ASSIGN(Objects objects, call.bucket());
  Uploads uploads(objects);
  ORLOP_ASSIGN(Upload upload, uploads.find(upload_id(call), request.key));
  ORLOP_ASSIGN(std::uint64_t most, parse_number(request.parameter_or("max-parts", "1000"), "max-parts", 2147483647));
  ORLOP_ASSIGN(std::uint64_t marker,
               parse_number(request.parameter_or("part-number-marker", "0"), "part-number-marker", 2147483647));
  most = std::min(most, page_size);
  ORLOP_ASSIGN(auto parts, uploads.parts(upload));
  std::erase_if(parts, [&](const UploadedPart& part) { return part.number <= marker; });
  bool truncated = parts.size() > most;
  if (truncated) parts.resize(most);
  XmlAnswer answer("ListPartsResult");
  pugi::xml_node root = answer.root();
  add(root, "Bucket", request.bucket);
  add(root, "Key", request.key);
  add(root, "UploadId", upload.id);
  add_owner(root, "Initiator");
  add_owner(root, "Owner");
  add(root, "StorageClass", upload.facts.storage_class.empty() ? "STANDARD" : upload.facts.storage_class);
  add(root, "PartNumberMarker", std::to_string(marker));
  if (truncated && !parts.empty()) add(root, "NextPartNumberMarker", std::to_string(parts.back().number));
  add(root, "MaxParts", std::to_string(most));
  add(root, "IsTruncated", truncated ? "true" : "false");
  if (upload.algorithm_chosen) {
    add(root, "ChecksumAlgorithm", checksum_name(upload.algorithm));
    add(root, "ChecksumType", type_name(upload));
  }
  for (const UploadedPart& part : parts) {
    pugi::xml_node node = root.append_child("Part");
    add(node, "PartNumber", std::to_string(part.number));
    add(node, "LastModified", wire::format_iso8601(part.modified));
    add(node, "ETag", fmt::format("\"{}\"", part.md5));
    add(node, "Size", std::to_string(part.size));
    if (upload.algorithm_chosen) {
      add(node, fmt::format("Checksum{}", checksum_name(upload.algorithm)).c_str(),
          wire::encode_base64(as_bytes(part.checksum.bytes)));
    }
  }
  return xml_reply(answer);
}

Result<Reply> list_multipart_uploads(Call& call) {
  const Request& request = call.request;
  ORLOP_ASSIGN(Objects objects, call.bucket());
  ORLOP_ASSIGN(std::uint64_t most,
               parse_number(request.parameter_or("max-uploads", "1000"), "max-uploads", 2147483647));
  most = std::min(most, page_size);
  std::string_view prefix = request.parameter_or("prefix", "");
  std::string_view delimiter = request.parameter_or("delimiter", "");
  std::string_view key_marker = request.parameter_or("key-marker", "");
  std::string_view id_marker = request.parameter_or("upload-id-marker", "");
  bool encode = request.parameter_or("encoding-type", "") == "url";
  auto encoded = [&](std::string_view text) { return encode ? wire::encode_path(text) : std::string(text); };
  ORLOP_ASSIGN(auto uploads, Uploads(objects).all());

  // Behind the marker: greater keys, and of the marker's key the uploads that follow the one it names.
  bool marker_seen = id_marker.empty();
  std::vector<const Upload*> shown;
  std::vector<std::string> groups;
  bool truncated = false;
  for (const Upload& upload : uploads) {
    if (!upload.key.starts_with(prefix) || upload.key < key_marker) continue;
    if (!key_marker.empty() && upload.key == key_marker) {
      bool skip = !marker_seen || id_marker.empty();
      marker_seen = marker_seen || upload.id == id_marker;
      if (skip) continue;
    }
    std::size_t cut = delimiter.empty() ? std::string::npos : upload.key.find(delimiter, prefix.size());
    std::string group = cut == std::string::npos ? std::string() : upload.key.substr(0, cut + delimiter.size());
    if (!group.empty() && (group == key_marker || (!groups.empty() && groups.back() == group))) continue;
    if (shown.size() + groups.size() == most) {
      truncated = true;
      break;
    }
    if (group.empty()) {
      shown.push_back(&upload);
    } else {
      groups.push_back(std::move(group));
    }
  }

  XmlAnswer answer("ListMultipartUploadsResult");
  pugi::xml_node root = answer.root();
  add(root, "Bucket", request.bucket);
  add(root, "KeyMarker", encoded(key_marker));
  add(root, "UploadIdMarker", id_marker);
  if (truncated) {
    bool group_last = shown.empty() || (!groups.empty() && groups.back() > shown.back()->key);
    add(root, "NextKeyMarker",
        encoded(group_last ? (groups.empty() ? std::string() : groups.back()) : shown.back()->key));
    if (!group_last) add(root, "NextUploadIdMarker", shown.back()->id);
  }
  add(root, "Prefix", encoded(prefix));
  if (!delimiter.empty()) add(root, "Delimiter", encoded(delimiter));
  add(root, "MaxUploads", std::to_string(most));
  if (encode) add(root, "EncodingType", "url");
  add(root, "IsTruncated", truncated ? "true" : "false");
  for (const Upload* upload : shown) {
    pugi::xml_node node = root.append_child("Upload");
    add(node, "Key", encoded(upload->key));
    add(node, "UploadId", upload->id);
    add_owner(node, "Initiator");
    add_owner(node, "Owner");
    add(node, "StorageClass", upload->facts.storage_class.empty() ? "STANDARD" : upload->facts.storage_class);
    add(node, "Initiated", wire::format_iso8601(upload->initiated));
    if (upload->algorithm_chosen) {
      add(node, "ChecksumAlgorithm", checksum_name(upload->algorithm));
      add(node, "ChecksumType", type_name(*upload));
    }
  }
  for (const std::string& group : groups) add(root.append_child("CommonPrefixes"), "Prefix", encoded(group));
  return xml_reply(answer);
}

}  // namespace orlop::server::ops
