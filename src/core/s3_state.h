// What a Service and a Bucket of the S3 object API hold, and how their own requests are made: with the retries, time
// limits and records that the layers give to those of a driver.
#pragma once

#include <memory>
#include <string>

#include "backends/s3/buckets.h"
#include "backends/s3/client.h"
#include "engine/attempts.h"
#include "orlop/s3.h"

namespace orlop::s3 {

struct Service::State {
  Options options;
  RetryPolicy retry;  // whose budget all buckets share
  Milliseconds call_timeout;
  std::shared_ptr<Client> client;  // of no bucket

  // attempt(context, whether an earlier one may have taken effect) until it succeeds or its failure is final.
  template <class Attempt>
  auto call(const Context& context, std::string_view operation, std::string_view key, Attempt&& attempt) const {
    Context inner = call_timeout.count() > 0 ? context.with_timeout(call_timeout) : context;
    inner.retry = std::make_shared<const RetryPolicy>(retry);
    Clock::time_point start = Clock::now();
    bool doubtful = false;
    auto result = engine::repeat(inner, operation, true, [&] {
      auto outcome = attempt(inner, doubtful);
      doubtful |= !outcome && outcome.error().outcome_unknown();
      return outcome;
    });
    if (!result) result.error().add_context(operation, "s3", key);
    if (inner.trace) {
      inner.trace->on_call({operation, "s3", key, result ? nullptr : &result.error(), Clock::now() - start});
    }
    return result;
  }
};

struct Bucket::State {
  std::string name;
  std::shared_ptr<const Service::State> service;
  std::shared_ptr<Client> client;
  Storage storage;

  // attempt(client, context)
  template <class Attempt>
  auto call(const Context& context, std::string_view operation, std::string_view key, Attempt&& attempt) const {
    return service->call(context, operation, key, [&](const Context& inner, bool) { return attempt(*client, inner); });
  }
};

}  // namespace orlop::s3
