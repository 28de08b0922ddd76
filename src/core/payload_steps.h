// A payload given to a writer, with a word on how far it is.
#pragma once

#include <cstdint>
#include <functional>

#include "orlop/driver/writer.h"

namespace orlop {

// In pieces when somebody wants to be told, else at once.
inline Result<void> write_in_steps(Writer& writer, const Payload& payload,
                                   const std::function<void(std::uint64_t done)>& progress) {
  constexpr std::uint64_t told_every = std::uint64_t{8} << 20;
  std::uint64_t step = progress ? told_every : payload.size();
  for (std::uint64_t done = 0; done < payload.size();) {
    Payload piece = payload.slice(done, step);
    ORLOP_TRY(writer.write_from(piece));
    done += piece.size();
    if (progress) progress(done);
  }
  return {};
}

}  // namespace orlop
