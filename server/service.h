// One request from its first byte to the last of its answer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "server/answer.h"

namespace orlop::server {

class Service {
 public:
  Service(std::shared_ptr<testing::BucketStore> buckets, const testing::ServerOptions& options);

  // Reads the request that is waiting and answers it. False: the connection is of no more use.
  bool serve(Connection& connection);

  Faults& faults() noexcept { return faults_; }
  std::vector<testing::ServedRequest> take_log();

 private:
  struct Exchange;
  Reply answer(Exchange& exchange);
  Result<Reply> carry_out(Exchange& exchange);
  std::optional<Reply> instead(Exchange& exchange);  // the answer a fault gives in place of ours
  Reply error_reply(Exchange& exchange, const Error& error);
  Reply refusal(Exchange& exchange, std::string_view code, int status);
  bool finish(Exchange& exchange, Reply& reply);
  void record(const Exchange& exchange, Clock::duration elapsed);

  Services services_;
  Faults faults_;
  std::atomic<std::uint64_t> requests_{0};
  std::mutex log_mutex_;
  std::condition_variable recorded_;
  int answering_ = 0;  // requests not in the log yet
  std::deque<testing::ServedRequest> log_;
};

}  // namespace orlop::server
