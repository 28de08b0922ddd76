// Who wrote what is there now? Asked after a write whose answer was lost.
#pragma once

#include "orlop/driver/driver.h"

namespace orlop::engine {

enum class Outcome : std::uint8_t {
  done,      // the store holds what was sent
  not_done,  // it holds something else, or nothing
  unclear,
};

// What is known of the attempts of one put().
struct Attempted {
  const Payload& payload;
  SystemTime began;  // before the first attempt
};

// Judges by size, then by checksum or by an etag that is an MD5, then by time: equal content that was there before is
// somebody else's. Reads the payload at most once. Errors: of reading the payload.
Result<Outcome> judge(const Attempted& attempted, const Meta& present);

// For copies: whether `copy` holds what `source` holds.
Outcome judge_copy(const Meta& source, const Meta& copy, SystemTime began);

}  // namespace orlop::engine
