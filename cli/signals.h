// Ctrl-C: the first asks everything to stop and clean up, the second ends the process at once.
#pragma once

#include <stop_token>

namespace orlop::cli {

// Call first of all, in the main thread, while there is no other: SIGINT, SIGTERM and SIGHUP (unless it is ignored)
// trigger `stop` from now on, and make the main thread's blocking read or write fail with EINTR. SIGPIPE is ignored: it
// shows as EPIPE.
void watch_signals(std::stop_source stop);

// Ends as a process does whose reader went away: quietly, with the status of SIGPIPE.
[[noreturn]] void end_by_broken_pipe();

}  // namespace orlop::cli
