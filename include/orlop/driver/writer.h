// Writer: an object in the making.
#pragma once

#include "orlop/types.h"

namespace orlop {

// Used by one thread at a time. The Driver that made it must outlive it. Nothing is visible under the key, and what
// was there before stays readable, until commit() returned success. Destroyed without commit: aborted.
class Writer {
 public:
  virtual ~Writer() = default;

  // Appends. Copies what it cannot send at once. Errors: the driver's; after one only abort() is useful.
  virtual Result<void> write(Bytes bytes) = 0;

  // Appends a whole payload; engines that can send it without a copy do. `payload` must stay valid until commit()
  // or abort() returned.
  virtual Result<void> write_from(const Payload& payload);

  // Publishes atomically. Result: what is known of the new object.
  // Errors: already_exists or precondition_failed by the mode asked for; `unknown` when the service did not say
  // and the outcome could not be found out. After any other error nothing was published.
  virtual Result<Meta> commit() = 0;

  // Gives up: removes temporary files and uploaded parts as far as the service allows. Safe to call twice.
  virtual void abort() noexcept = 0;
};

}  // namespace orlop
