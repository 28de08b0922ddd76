#include "server/answer.h"

#include <algorithm>

#include "server/xml.h"

namespace orlop::server {
namespace {

constexpr std::size_t block_size = 256 * 1024;
constexpr std::size_t joined_size = 64 * 1024;  // a body up to this goes out together with its head
constexpr std::chrono::hours longest_stall{1};

// What happens to the bytes of a body that passes, in either direction.
class BodyFault {
 public:
  BodyFault(const std::optional<Fault>& fault, std::uint64_t size) {
    if (!fault) return;
    if (fault->kind == FaultKind::drop_after || fault->kind == FaultKind::stall_after) cut_ = fault->bytes;
    if (fault->kind == FaultKind::corrupt_body && size > 0) corrupt_at_ = size / 2;
  }

  // How many of `count` bytes may pass.
  std::size_t allowed(std::size_t count) const noexcept { return std::min<std::uint64_t>(count, cut_ - passed_); }
  bool cuts() const noexcept { return passed_ == cut_; }
  void pass(MutableBytes bytes) noexcept {
    if (corrupt_at_ >= passed_ && corrupt_at_ - passed_ < bytes.size()) bytes[corrupt_at_ - passed_] ^= std::byte{1};
    passed_ += bytes.size();
  }

 private:
  std::uint64_t cut_ = Limits::none;
  std::uint64_t corrupt_at_ = Limits::none;
  std::uint64_t passed_ = 0;
};

class FaultyBody final : public ByteSource {
 public:
  FaultyBody(ByteSource& raw, Connection& connection, const Fault& fault, std::uint64_t size)
      : raw_(raw), connection_(connection), kind_(fault.kind), fault_(fault, size) {}

  Result<std::size_t> read(MutableBytes out) override {
    if (fault_.cuts()) return end();
    ORLOP_ASSIGN(std::size_t count, raw_.read(out.first(fault_.allowed(out.size()))));
    fault_.pass(out.first(count));
    return count;
  }

 private:
  Error end() {
    if (kind_ == FaultKind::stall_after) connection_.pause(longest_stall);
    connection_.shut_down();
    return Error(Code::unavailable, "dropped by a fault");
  }

  ByteSource& raw_;
  Connection& connection_;
  FaultKind kind_;
  BodyFault fault_;
};

bool has_body(int status) { return status != 204 && status != 304 && status >= 200; }

class Sender {
 public:
  Sender(Connection& connection, const Sending& sending, std::uint64_t size)
      : connection_(connection), sending_(sending), fault_(sending.fault, size) {}

  bool head(std::string text) {
    if (!is(FaultKind::truncate_headers)) return buffer_ = std::move(text), true;
    (void)connection_.write(std::string_view(text).substr(0, text.size() / 2));
    return false;
  }

  bool body(MutableBytes bytes) {
    std::size_t allowed = fault_.allowed(bytes.size());
    bool cut = allowed < bytes.size();
    bytes = bytes.first(allowed);
    fault_.pass(bytes);
    if (is(FaultKind::trickle)) return trickle(bytes);
    if (buffer_.size() + bytes.size() <= joined_size) {
      buffer_.append(as_text(bytes));
    } else if (!flush() || !connection_.write(Bytes(bytes))) {
      return false;
    }
    if (!cut) return true;
    (void)flush();
    if (is(FaultKind::stall_after)) connection_.pause(longest_stall);
    return false;
  }

  bool flush() {
    bool written = connection_.write(buffer_).has_value();
    buffer_.clear();
    return written;
  }

 private:
  bool is(FaultKind kind) const { return sending_.fault && sending_.fault->kind == kind; }

  bool trickle(Bytes bytes) {
    if (!flush()) return false;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      connection_.pause(sending_.fault->duration);
      if (!connection_.write(bytes.subspan(i, 1))) return false;
    }
    return true;
  }

  Connection& connection_;
  const Sending& sending_;
  BodyFault fault_;
  std::string buffer_;  // not sent yet
};

bool send_stream(Sender& sender, Reader& reader, std::uint64_t size) {
  std::vector<std::byte> block(std::min<std::uint64_t>(block_size, std::max<std::uint64_t>(size, 1)));
  while (size > 0) {
    auto count = reader.read(MutableBytes(block).first(std::min<std::uint64_t>(block.size(), size)));
    // The length is announced already: closing the connection tells the client that something is missing.
    if (!count || *count == 0 || !sender.body(MutableBytes(block).first(*count))) return false;
    size -= *count;
  }
  return true;
}

}  // namespace

bool send_reply(Connection& connection, Reply& reply, const Sending& sending) {
  // For HEAD, `stream_size` is the length of the body that is not sent.
  std::uint64_t size = reply.body.empty() ? reply.stream_size : reply.body.size();
  if (has_body(reply.status)) reply.headers.set("content-length", std::to_string(size));
  if (!sending.keep_alive) reply.headers.set("connection", "close");
  Sender sender(connection, sending, size);
  if (!sender.head(format_head(reply.status, reply.headers))) return false;
  if (has_body(reply.status) && !sending.is_head) {
    if (reply.stream && !send_stream(sender, *reply.stream, reply.stream_size)) return (void)sender.flush(), false;
    if (!reply.body.empty() && !sender.body(std::as_writable_bytes(std::span(reply.body)))) return false;
  }
  return sender.flush();
}

std::string error_document(const Error& error, const Details& details, const Request* request,
                           std::string_view request_id) {
  XmlAnswer answer("Error", false);
  pugi::xml_node root = answer.root();
  add(root, "Code", error.service_code());
  add(root, "Message", error.message());
  for (const auto& [name, value] : details) add(root, name.c_str(), value);
  if (request) {
    if (error.service_code().starts_with("NoSuchKey")) add(root, "Key", request->key);
    if (error.service_code().find("Bucket") != std::string_view::npos) add(root, "BucketName", request->bucket);
    add(root, "Resource", request->path);
  }
  add(root, "RequestId", request_id);
  add(root, "HostId", request_id);
  return answer.text();
}

std::unique_ptr<ByteSource> faulty_body(ByteSource& raw, Connection& connection, const Fault& fault,
                                        std::uint64_t size) {
  return std::make_unique<FaultyBody>(raw, connection, fault, size);
}

}  // namespace orlop::server
