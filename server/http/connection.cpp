#include "server/http/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <limits>
#include <optional>

namespace orlop::server {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using ErrorCode = boost::beast::error_code;

constexpr std::uint32_t header_limit = 64 * 1024;
constexpr Milliseconds head_time{30'000};        // for the whole head of a request
constexpr Milliseconds inactivity_time{60'000};  // without a byte, in bodies and answers

// A socket with time limits, in the shape Beast's synchronous reads want (SyncReadStream).
class Stream {
 public:
  explicit Stream(int socket) : socket_(socket) {}

  void limit(Milliseconds duration) { deadline_ = Clock::now() + duration; }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, ErrorCode& error) {
    asio::mutable_buffer buffer = *asio::buffer_sequence_begin(buffers);
    for (;;) {
      ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count > 0) return error = {}, static_cast<std::size_t>(count);
      if (count == 0) return error = asio::error::eof, 0;
      if (!retry(POLLIN, error)) return 0;
    }
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    ErrorCode error;
    std::size_t count = read_some(buffers, error);
    if (error) throw boost::system::system_error(error);
    return count;
  }

  std::size_t write_some(Bytes bytes, ErrorCode& error) {
    for (;;) {
      ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count >= 0) return error = {}, static_cast<std::size_t>(count);
      if (!retry(POLLOUT, error)) return 0;
    }
  }

 private:
  // After a call failed with errno: true when it is worth repeating now.
  bool retry(short events, ErrorCode& error) {
    if (errno == EINTR) return true;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
      return error = ErrorCode(errno, boost::system::system_category()), false;
    auto rest = std::chrono::ceil<Milliseconds>(deadline_ - Clock::now()).count();
    pollfd waiting{socket_, events, 0};
    if (rest > 0 && ::poll(&waiting, 1, static_cast<int>(rest)) != 0) return true;
    return error = asio::error::timed_out, false;
  }

  int socket_;
  Clock::time_point deadline_;
};

Error network_error(const ErrorCode& error) {
  if (error == asio::error::timed_out) return Error(Code::timeout, "the client was silent for too long");
  if (error.category() == make_error_code(http::error::bad_method).category() &&
      error != http::error::partial_message && error != http::error::end_of_stream) {
    return Error(Code::invalid_argument, error.message());
  }
  return Error(Code::unavailable, "the client went away");
}

}  // namespace

struct Connection::State {
  explicit State(int descriptor) : socket(descriptor), stream(descriptor) {}

  int socket;
  Stream stream;
  boost::beast::flat_buffer buffer{header_limit + 64 * 1024};
  std::optional<http::request_parser<http::buffer_body>> parser;
  bool awaits_continue = false;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

Connection::Connection(int socket) : state_(std::make_unique<State>(socket)) {}
Connection::~Connection() { ::close(state_->socket); }

int Connection::socket() const noexcept { return state_->socket; }
bool Connection::awaits_continue() const noexcept { return state_->awaits_continue; }
std::uint64_t Connection::bytes_in() const noexcept { return state_->bytes_in; }
std::uint64_t Connection::bytes_out() const noexcept { return state_->bytes_out; }
bool Connection::body_finished() const noexcept { return !state_->parser || state_->parser->is_done(); }
void Connection::shut_down() noexcept { ::shutdown(state_->socket, SHUT_RDWR); }

bool Connection::wait(Milliseconds limit) {
  if (state_->buffer.size() > 0) return true;
  pollfd waiting{state_->socket, POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(limit.count())) > 0;
}

void Connection::pause(Milliseconds duration) {
  pollfd waiting{state_->socket, POLLRDHUP, 0};
  ::poll(&waiting, 1, static_cast<int>(duration.count()));
}

Result<std::optional<RequestHead>> Connection::next() {
  auto& parser = state_->parser.emplace();
  parser.header_limit(header_limit);
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // uploads are bounded where they are read
  state_->stream.limit(head_time);
  ErrorCode error;
  http::read_header(state_->stream, state_->buffer, parser, error);
  if (error == http::error::end_of_stream) return std::optional<RequestHead>();
  if (error) return network_error(error);
  const auto& message = parser.get();
  RequestHead head{.method = std::string(message.method_string()),
                   .target = std::string(message.target()),
                   .headers = {},
                   .content_length = {},
                   .chunked = parser.chunked(),
                   .keep_alive = message.keep_alive()};
  for (const auto& field : message) {
    head.headers.add({field.name_string().data(), field.name_string().size()},
                     {field.value().data(), field.value().size()});
  }
  if (auto length = parser.content_length()) head.content_length = *length;
  state_->awaits_continue = same_text(head.headers.get("expect"), "100-continue") && !parser.is_done();
  return std::optional(std::move(head));
}

Result<std::size_t> Connection::read(MutableBytes out) {
  auto& parser = *state_->parser;
  if (parser.is_done() || out.empty()) return 0;
  if (state_->awaits_continue) {
    state_->awaits_continue = false;
    ORLOP_TRY(write("HTTP/1.1 100 Continue\r\n\r\n"));
  }
  auto& body = parser.get().body();
  body.data = out.data();
  body.size = out.size();
  body.more = true;
  std::size_t count = 0;
  while (count == 0 && !parser.is_done()) {
    state_->stream.limit(inactivity_time);
    ErrorCode error;
    http::read_some(state_->stream, state_->buffer, parser, error);
    if (error && error != http::error::need_buffer) return network_error(error);
    count = out.size() - body.size;
  }
  state_->bytes_in += count;
  return count;
}

Result<void> Connection::write(Bytes bytes) {
  while (!bytes.empty()) {
    ErrorCode error;
    state_->stream.limit(inactivity_time);
    std::size_t count = state_->stream.write_some(bytes, error);
    if (error) return network_error(error);
    state_->bytes_out += count;
    bytes = bytes.subspan(count);
  }
  return {};
}

std::string format_head(int status, const Headers& headers) {
  auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  std::string text = "HTTP/1.1 " + std::to_string(status) + ' ' + std::string(reason) + "\r\n";
  for (const auto& [name, value] : headers) {
    text += name;
    text += ": ";
    for (char c : value) text += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? ' ' : c == 0x7f ? ' ' : c;
    text += "\r\n";
  }
  return text += "\r\n";
}

}  // namespace orlop::server
