// One client's connection: requests in, answers out, in turn. The only file that knows the HTTP library is its .cpp.
#pragma once

#include <memory>

#include "orlop/context.h"
#include "server/http/message.h"

namespace orlop::server {

// Used by one thread at a time; shut_down() from any.
class Connection final : public ByteSource {
 public:
  explicit Connection(int socket);  // owns it
  ~Connection() override;

  int socket() const noexcept;
  // True when there is something to read (the end included) within `limit`.
  bool wait(Milliseconds limit);

  // The head of the next request; nullopt when the client has closed. Errors: invalid_argument for what is not HTTP
  // or too large; timeout, unavailable.
  Result<std::optional<RequestHead>> next();
  // The request's body, transfer coding removed. Sends "100 Continue" first when the client waits for it.
  Result<std::size_t> read(MutableBytes out) override;
  bool body_finished() const noexcept;
  // True when the client waits for "100 Continue" and has not got it.
  bool awaits_continue() const noexcept;

  Result<void> write(Bytes bytes);
  Result<void> write(std::string_view text) { return write(as_bytes(text)); }
  // Waits, but not longer than the client stays.
  void pause(Milliseconds duration);
  // Ends both directions; reads and writes in other threads fail from then on.
  void shut_down() noexcept;

  std::uint64_t bytes_in() const noexcept;  // of bodies, since the connection began
  std::uint64_t bytes_out() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The head of an answer as it is sent. Values lose what could end a line (RFC 9112 section 2.2).
std::string format_head(int status, const Headers& headers);

}  // namespace orlop::server
