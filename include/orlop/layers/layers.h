// The layers between Storage and a driver, outermost first: check, observe, retry, timeout, prefix.
// Storage builds this stack; each factory is public so that others can be built and tested.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orlop/driver/driver.h"

namespace orlop::layers {

// Refuses before any I/O what the driver cannot do without changing its meaning (guards, limits, keys that are no
// UTF-8), and gives every error its operation, scheme and key.
std::shared_ptr<Driver> check(std::shared_ptr<Driver> next);

// Reports each call, and the requests and retries made for it, to `sink` and to the context's own sink.
std::shared_ptr<Driver> observe(std::shared_ptr<Driver> next, std::shared_ptr<TraceSink> sink);

// Repeats what is transient and replayable, within budget and deadline; resumes broken reads at the delivered byte
// on the same version of the object; settles conditional writes whose answer was lost by looking who won.
std::shared_ptr<Driver> retry(std::shared_ptr<Driver> next, RetryPolicy policy);

// Limits one attempt, and through `call` nothing: the whole call is limited by the context's deadline.
std::shared_ptr<Driver> timeout(std::shared_ptr<Driver> next, Milliseconds attempt);

// Puts `prefix` (with its trailing slash added if it has none) before every key, and takes it off in listings.
std::shared_ptr<Driver> prefix(std::shared_ptr<Driver> next, std::string prefix);

// Has the driver work on worker threads when it is called on a fiber (see orlop/async.h): for one that waits for
// something other than the network (DriverInfo::blocks), innermost.
std::shared_ptr<Driver> aside(std::shared_ptr<Driver> next);

// The names of the layers of `driver`, outermost first, the driver's scheme last: {"check", "observe", ..., "s3"}.
std::vector<std::string> describe(const Driver& driver);

}  // namespace orlop::layers
