// A Writer for services with multipart uploads: collects parts, sends several at once, publishes at the end.
#pragma once

#include <memory>

#include "orlop/driver/driver.h"

namespace orlop::engine {

struct PartOptions {
  std::uint64_t part_size = std::uint64_t{8} << 20;  // of all parts but the last; grows when the limits ask for it
  unsigned concurrency = 4;                          // parts on their way at the same time
  bool equal_parts = false;                          // parts never grow: the service wants them all of one size
};

// What fits into one part is sent with one put(). Else an upload is begun with the first part, parts are repeated by
// the context's retry policy, the first failure stops the rest, and the upload is aborted whenever it is not completed.
// `driver` has a multipart() interface and outlives the writer; so does the context's trace sink.
std::unique_ptr<Writer> parts_writer(Driver& driver, const Context& context, WriteRequest request,
                                     PartOptions options = {});

}  // namespace orlop::engine
