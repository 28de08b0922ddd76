// Sends a reply over a connection, with the fault that was chosen for it.
#pragma once

#include <optional>

#include "server/faults.h"
#include "server/http/connection.h"
#include "server/operation.h"

namespace orlop::server {

struct Sending {
  bool is_head = false;  // the answer to HEAD has no body
  bool keep_alive = true;
  std::optional<Fault> fault;  // one that concerns the answer
};

// Result: whether all of it went out as it should.
bool send_reply(Connection& connection, Reply& reply, const Sending& sending);

// The document of an error.
std::string error_document(const Error& error, const Details& details, const Request* request,
                           std::string_view request_id);

// The body of a request as a fault lets it through. `raw` must outlive it.
std::unique_ptr<ByteSource> faulty_body(ByteSource& raw, Connection& connection, const Fault& fault,
                                        std::uint64_t size);

}  // namespace orlop::server
